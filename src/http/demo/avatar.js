// A round picture, or initials on one of eight tones.
import { h } from '/demo/dom.js';
import { icon } from '/demo/icons.js';
import { initials, tone } from '/demo/format.js';

/** `online` puts the presence dot on it; groups without letters get the group sign. */
export function avatar({ id, name, url, online = false, group = false, size = '' }) {
  const letters = initials(name);
  const el = h('span', { class: `avatar tone-${tone(id)} ${size}`, 'aria-hidden': 'true' },
    letters ? h('span', { class: 'letters' }, letters) : icon(group ? 'people' : 'person'));
  if (url) {
    const picture = h('img', { src: url, alt: '', loading: 'lazy' });
    picture.addEventListener('error', () => picture.remove());
    el.append(picture);
  }
  if (online) el.append(h('span', { class: 'dot' }));
  return el;
}

/** The name a chat goes by for this phone. */
export function chatName(client, copy) {
  if (copy.isGroup) return copy.meta.name || 'Group';
  return copy.meta.name || client.people.name(copy.meta.peerId);
}

export function chatAvatar(client, copy, size) {
  const peer = copy.isGroup ? null : copy.meta.peerId;
  return avatar({
    id: peer ?? copy.id,
    name: chatName(client, copy),
    url: copy.meta.avatarUrl,
    online: Boolean(peer && client.people.presence.get(peer)?.online),
    group: copy.isGroup,
    size,
  });
}
