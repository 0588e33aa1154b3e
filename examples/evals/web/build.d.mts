/** Builds the pages where what they are made of has changed. Answers the folder with `index.html`. */
export function buildWeb(): Promise<string>;
