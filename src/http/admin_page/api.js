// Asking the server; every refusal becomes an Error with the server's own words.

const PATIENCE = 6000;

export class Refused extends Error {
  constructor(status, message, fields) {
    super(message);
    this.status = status;
    this.fields = fields;
  }
}

/** The server cannot be reached at all. */
export class Away extends Error {}

export async function ask(path, { method = 'GET', body } = {}) {
  const request = { method, signal: AbortSignal.timeout(PATIENCE), cache: 'no-store' };
  if (body !== undefined) {
    request.body = JSON.stringify(body);
    request.headers = { 'content-type': 'application/json' };
  }
  let answer;
  try {
    answer = await fetch(path, request);
  } catch (error) {
    throw new Away(error.name === 'TimeoutError' ? 'it does not answer' : 'it cannot be reached');
  }
  if (answer.status === 204) return null;
  const json = await answer.json().catch(() => null);
  if (answer.ok) return json;
  const fields = (json?.errors ?? []).map(({ field, message }) => `${field} ${message}`);
  throw new Refused(answer.status, fields.join('; ') || json?.detail || `status ${answer.status}`, fields);
}
