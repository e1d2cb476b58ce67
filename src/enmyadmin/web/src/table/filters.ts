/** A text of the filter language: quotes within it are doubled. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The condition that a name contains a text; a number also finds the record of that id. */
export function nameContains(text: string): string {
  const escaped = text.replace(/[\\%_]/g, (character) => `\\${character}`);
  const condition = `name ilike ${quoted(`%${escaped}%`)} escape '\\'`;
  return /^\d{1,15}$/.test(text) ? `${condition} or id = ${text}` : condition;
}
