// Times, numbers and names as people write them.
const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long' });
const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const shortDate = new Intl.DateTimeFormat(undefined, { day: '2-digit', month: '2-digit', year: '2-digit' });

export const time = (stamp) => clock.format(new Date(stamp));
export const fullTime = (stamp) => `${dayLabel(stamp)}, ${time(stamp)}`;

function daysAgo(stamp) {
  const midnight = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
  return Math.round((midnight(new Date()) - midnight(new Date(stamp))) / 86_400_000);
}

/** “Today”, “Yesterday”, a weekday, or the date. */
export function dayLabel(stamp) {
  const ago = daysAgo(stamp);
  if (ago <= 0) return 'Today';
  if (ago === 1) return 'Yesterday';
  return ago < 7 ? weekday.format(new Date(stamp)) : date.format(new Date(stamp));
}

/** The time as a chat list shows it. */
export function listTime(stamp) {
  const ago = daysAgo(stamp);
  if (ago <= 0) return time(stamp);
  if (ago === 1) return 'Yesterday';
  return ago < 7 ? weekday.format(new Date(stamp)) : shortDate.format(new Date(stamp));
}

export function lastSeen(stamp) {
  const ago = daysAgo(stamp);
  if (Date.now() - Date.parse(stamp) < 60_000) return 'last seen just now';
  if (ago <= 0) return `last seen today at ${time(stamp)}`;
  return ago === 1 ? `last seen yesterday at ${time(stamp)}` : `last seen ${shortDate.format(new Date(stamp))}`;
}

/** A phone number with spaces; North American ones in their usual groups. */
export function phoneNumber(phone) {
  const found = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(phone ?? '');
  return found ? `+1 ${found[1]} ${found[2]} ${found[3]}` : phone ?? '';
}

export function duration(seconds) {
  const units = [[86_400, 'day'], [3600, 'hour'], [60, 'minute'], [1, 'second']];
  const [size, unit] = units.find(([s]) => seconds >= s && seconds % s === 0) ?? [1, 'second'];
  const count = seconds / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** What is left of a time, short: `3 d`, `5 h`, `12 min`, `40 s`. */
export function timeLeft(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds >= 2 * 86_400) return `${Math.round(seconds / 86_400)} d`;
  if (seconds >= 2 * 3600) return `${Math.round(seconds / 3600)} h`;
  return seconds >= 100 ? `${Math.round(seconds / 60)} min` : `${seconds} s`;
}

/** A length as players show it. */
export function playTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const [m, s] = [Math.floor(whole / 60) % 60, whole % 60];
  return `${whole >= 3600 ? `${Math.floor(whole / 3600)}:${String(m).padStart(2, '0')}` : m}:${String(s).padStart(2, '0')}`;
}

export function fileSize(bytes) {
  if (!Number.isFinite(bytes)) return '';
  const [size, unit] = bytes < 1024 * 1024 ? [bytes / 1024, 'kB'] : [bytes / 1024 / 1024, 'MB'];
  return bytes < 1024 ? `${bytes} bytes` : `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`;
}

export const people = (count) => `${count ?? 0} ${count === 1 ? 'person' : 'people'}`;

export function initials(name) {
  const letters = (name ?? '').split(/\s+/).map((word) => [...word].find((c) => /\p{L}|\p{N}/u.test(c)));
  return letters.filter(Boolean).slice(0, 2).join('').toUpperCase();
}

/** One of eight tones, the same for the same id. */
export function tone(id) {
  let sum = 0;
  for (const c of id ?? '') sum = (sum * 31 + c.charCodeAt(0)) >>> 0;
  return ((sum ^ (sum >>> 9)) >>> 0) % 8;
}

export function list(names) {
  if (names.length < 2) return names[0] ?? '';
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** A random UUID; `crypto.randomUUID` is missing on plain-HTTP addresses other than loopback. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const hex = [...b].map((n) => n.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
