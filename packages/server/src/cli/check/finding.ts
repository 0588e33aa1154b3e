/** Something that was found to be wrong, or careless. */
export interface Finding {
  /** `error`: the server does not start, or is not safe, or does not do what was configured. `warning`: it may be meant so. */
  readonly level: "error" | "warning";
  /** What was looked at: a field of the configuration, such as `auth.jwt[0].secret`, or a thing of the machine. */
  readonly about: string;
  /** What is so, why it matters, and what to do. */
  readonly message: string;
}

export function error(about: string, message: string): Finding {
  return { level: "error", about, message };
}

export function warning(about: string, message: string): Finding {
  return { level: "warning", about, message };
}
