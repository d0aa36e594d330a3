// Asks the service. A key, where it wants one, lives in this tab's session and goes nowhere else.

const KEY = "crossjudge.key";
const PATIENCE_MS = 15000;

export class KeyWanted extends Error {}
export class Unreachable extends Error {}
export class Refused extends Error {
  constructor(status, detail) { super(detail); this.status = status; }
}

export const hasKey = () => sessionStorage.getItem(KEY) !== null;
export const setKey = (key) => sessionStorage.setItem(KEY, key);
export const dropKey = () => sessionStorage.removeItem(KEY);

export async function read(path) {
  const key = sessionStorage.getItem(KEY);
  const headers = { accept: "application/json", ...(key === null ? {} : { authorization: `Bearer ${key}` }) };
  let answer;
  try {
    answer = await fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    throw new Unreachable(String(error.message ?? error));
  }
  if (answer.status === 401) throw new KeyWanted((await said(answer)) ?? "an API key is needed");
  if ([502, 503, 504].includes(answer.status)) throw new Unreachable((await said(answer)) ?? `status ${answer.status}`);
  if (!answer.ok) throw new Refused(answer.status, (await said(answer)) ?? `status ${answer.status}`);
  try {
    return await answer.json();
  } catch (error) {
    throw new Unreachable(`the answer broke off: ${error.message}`);
  }
}

async function said(answer) {
  try { return (await answer.json()).detail; } catch { return null; }
}
