// What a bubble says: words with links, or what is attached.
import { h } from '/demo/dom.js';
import { icon } from '/demo/icons.js';
import { marked } from '/demo/marking.js';
import { summary, summaryIcon } from '/demo/summary.js';

const LINK = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/;

export function content(phone, message, view) {
  const { type, payload } = message;
  if (message.isDeleted) return h('p', { class: 'words' }, icon('block'), ' ', summary(phone.client, message));
  if (type === 'text') return h('p', { class: 'words' }, linked(payload?.content ?? '', view.marking?.()));
  if (type === 'location') return place(payload ?? {});
  if (summaryIcon(message)) return attachment(message);
  return h('p', { class: 'words unsupported' }, icon('info'), ' Unsupported message');
}

/** Text with its web addresses as links and what was searched for marked; all of it stays text nodes. */
export function linked(text, query) {
  return text.split(LINK).map((part, at) => (at % 2
    ? h('a', { href: part, target: '_blank', rel: 'noopener noreferrer' }, marked(part, query)) : marked(part, query)));
}

function place({ latitude, longitude, name, address }) {
  return h('div', { class: 'attachment' }, h('span', { class: 'attachment-icon' }, icon('pinPlace')),
    h('span', { class: 'row-text' }, h('b', {}, name || 'Location'),
      h('span', {}, address || `${Number(latitude).toFixed(4)}, ${Number(longitude).toFixed(4)}`)));
}

function attachment(message) {
  const { caption, fileName, fileSize } = message.payload ?? {};
  const kind = { image: 'Photo', video: 'Video', audio: 'Audio', document: 'Document' }[message.type];
  const size = fileSize ? `${Math.max(1, Math.round(fileSize / 1024))} kB` : null;
  return h('div', { class: 'attachment' }, h('span', { class: 'attachment-icon' }, icon(summaryIcon(message))),
    h('span', { class: 'row-text' }, h('b', {}, fileName || kind), caption || size ? h('span', {}, caption || size) : null));
}
