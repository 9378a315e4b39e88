// Numbers and times as people read them.

/** 1234567 → 1.23M; small ones as they are. */
export function count(value) {
  if (value === null || value === undefined) return '–';
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)}k`;
  return String(Math.round(value));
}

/** 1 chat actor, 2 chat actors. */
export const many = (value, name) => `${count(value)} ${name}${value === 1 ? '' : 's'}`;

export function rate(value) {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '0';
  return value >= 100 ? count(value) : value.toFixed(value >= 10 ? 1 : 2);
}

export function ms(value) {
  if (value === null || value === undefined) return '–';
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  return `${value >= 10 ? Math.round(value) : Number(value.toFixed(2))} ms`;
}

/** How long ago an RFC 3339 time was, by the server's clock. */
export function ago(time, now) {
  if (!time) return '–';
  const seconds = Math.max(0, Math.round((Date.parse(now) - Date.parse(time)) / 1000));
  return seconds < 2 ? 'now' : `${span(seconds)} ago`;
}

export function span(seconds) {
  for (const [name, size] of [['d', 86400], ['h', 3600], ['min', 60]]) {
    if (seconds >= size * 2) return `${Math.floor(seconds / size)} ${name}`;
  }
  return `${Math.round(seconds)} s`;
}

/** The end of an id: its beginning is the time and much the same for all. */
export const short = (id) => `…${id.slice(-8)}`;

export function moment(time) {
  return time ? time.replace('T', ' ').replace('Z', '') : '–';
}
