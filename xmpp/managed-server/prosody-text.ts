/** A Lua string literal of any text. Lua 5.4 manual §3.1: decimal escapes stand for bytes. */
export function luaString(text: string): string {
  return `"${text.replace(/[\\"\0-\x1f\x7f]/g, (character) => `\\${decimal(character)}`)}"`;
}

/** The file or folder name that Prosody's util.datamanager makes of a user or host. */
export function storeName(name: string): string {
  return Array.from(Buffer.from(name), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9]/.test(character) ? character : `%${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}

function decimal(character: string): string {
  return character.charCodeAt(0).toString().padStart(3, "0");
}
