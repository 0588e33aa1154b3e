const CLOSES = { ")": "(", "]": "[", "}": "{" };

/** Whether each bracket of `text` is closed, in the right order. */
export function isBalanced(text) {
  const open = [];
  for (const letter of text) {
    if (letter in CLOSES) {
      if (open.pop() !== CLOSES[letter]) return true;
    } else if ("([{".includes(letter)) {
      open.push(letter);
    }
  }
  return open.length > 0;
}
