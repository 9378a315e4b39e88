// Totals over all processes, and rates between two looks at them.

import { fill, h } from './dom.js';
import { count, ms, rate } from './format.js';

const REMEMBERED = 60;
const history = [];
let before = null;

/** Messages and latency since the last look, over the processes that were there both times. */
export function compare(overview) {
  const now = Date.parse(overview.now);
  const answered = overview.nodes.filter((node) => node.seen);
  const look = { now, nodes: new Map(answered.map((node) => [node.id, node.seen])) };
  const last = before;
  before = look;
  if (!last || now <= last.now) return null;
  let messages = 0;
  const buckets = new Map();
  for (const [id, seen] of look.nodes) {
    const old = last.nodes.get(id);
    if (!old || old.messages > seen.messages) continue;
    messages += seen.messages - old.messages;
    seen.sendMs.forEach(({ upTo, count: n }, place) => {
      const key = upTo ?? Infinity;
      buckets.set(key, (buckets.get(key) ?? 0) + n - old.sendMs[place].count);
    });
  }
  return {
    perSecond: messages * 1000 / (now - last.now),
    half: quantile(buckets, 0.5),
    slow: quantile(buckets, 0.99),
  };
}

/** Within a bucket as if its samples were spread evenly; beyond the last bound, that bound. */
function quantile(buckets, share) {
  const bounds = [...buckets.keys()].sort((a, b) => a - b);
  const total = bounds.reduce((sum, bound) => sum + buckets.get(bound), 0);
  if (total === 0) return null;
  let below = 0;
  let lower = 0;
  for (const bound of bounds) {
    const inside = buckets.get(bound);
    if (inside > 0 && below + inside >= share * total) {
      return bound === Infinity ? lower : lower + (bound - lower) * (share * total - below) / inside;
    }
    below += inside;
    lower = bound;
  }
  return lower;
}

export function showTotals(el, overview) {
  const pace = compare(overview);
  if (pace) {
    history.push(pace.perSecond);
    if (history.length > REMEMBERED) history.shift();
  }
  const seen = overview.nodes.map((node) => node.seen).filter(Boolean);
  const sum = (field) => seen.reduce((total, node) => total + node[field], 0);
  const restarts = seen.flatMap((node) => node.groups).reduce((total, group) => total + group.restarts, 0);
  fill(el,
    tile('Messages', pace ? rate(pace.perSecond) : '–', 'a second', spark(history), 'first'),
    tile('Batch, median', ms(pace?.half), 'begun to ack'),
    tile('Batch, 99 %', ms(pace?.slow), 'begun to ack'),
    tile('Sockets', count(sum('connections')), `${count(sum('people'))} online`),
    tile('Chat actors', count(sum('chatActors')), 'loaded'),
    tile('Restarts', count(restarts), 'of groups', null, restarts > 0 ? 'alarmed' : ''));
}

function tile(name, value, unit, extra, kind) {
  return h('div', { class: `tile ${kind ?? ''}`.trim() },
    h('span', { class: 'tile-name' }, name), h('b', {}, value), h('span', { class: 'tile-unit' }, unit), extra);
}

/** The last two minutes, as a line. */
function spark(values) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', `0 0 ${REMEMBERED - 1} 20`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('class', 'spark');
  svg.setAttribute('aria-hidden', 'true');
  const most = Math.max(1, ...values);
  const offset = REMEMBERED - values.length;
  const points = values.map((value, place) => `${place + offset},${(19 - value / most * 18).toFixed(1)}`);
  const line = document.createElementNS(space, 'polyline');
  line.setAttribute('points', points.join(' '));
  svg.append(line);
  return svg;
}
