// The processes of the installation, and what each runs.

import { fill, h } from './dom.js';
import { count, many, short } from './format.js';

export function showNodes(el, overview) {
  fill(el, overview.nodes.map((node) => {
    const seen = node.seen;
    return h('article', { class: 'node' },
      h('div', { class: 'node-head' },
        h('b', { title: node.id }, short(node.id)), node.self ? h('span', { class: 'chip' }, 'this one') : null,
        h('span', { class: `chip ${node.state === 'up' ? 'fine' : 'warned'}` }, node.state),
        h('span', { class: 'faint' }, node.address)),
      node.problem ? h('p', { class: 'problem' }, `Did not answer: ${node.problem}`) : null,
      seen ? h('p', { class: 'faint' },
        `${many(seen.chatActors, 'chat actor')} · ${many(seen.connections, 'socket')} · ${count(seen.people)} online`) : null,
      seen ? h('ul', { class: 'groups' }, [...seen.groups].sort((one, other) => one.name.localeCompare(other.name)).map(group)) : h('p', { class: 'faint' }, node.groups.join(', ')));
  }), overview.natsConnected === false ? h('p', { class: 'problem' }, 'NATS is away: other processes cannot be reached.') : null);
}

function group({ name, isDown, inFlight, restarts }) {
  const state = isDown ? 'failed' : restarts > 0 ? 'warned' : 'fine';
  return h('li', { class: `group ${state}` }, h('span', {}, name),
    h('span', { class: 'faint' }, isDown ? 'down' : `${count(inFlight)} in flight${restarts ? ` · ${many(restarts, 'restart')}` : ''}`));
}
