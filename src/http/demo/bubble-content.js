// What a bubble says: words with links, or what is attached.
import { film, paper, picture, place, progress, sound } from '/demo/bubble-media.js';
import { h } from '/demo/dom.js';
import { icon } from '/demo/icons.js';
import { marked } from '/demo/marking.js';
import { summary } from '/demo/summary.js';

const LINK = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/;

export function content(phone, message, view) {
  const { type, payload } = message;
  if (message.isDeleted) return h('p', { class: 'words' }, icon('block'), ' ', summary(phone.client, message));
  if (type === 'text') return h('p', { class: 'words' }, linked(payload?.content ?? '', view.marking?.()));
  if (MEDIA[type]) return shown(phone, message, view);
  return h('p', { class: 'words unsupported' }, icon('info'), ' Unsupported message');
}

const MEDIA = { image: picture, video: film, audio: sound, document: paper, location: (phone, { payload }) => place(payload ?? {}) };
const FRAMED = new Set(['image', 'video']);

/** What is attached, how far it is on its way up, and its caption. */
function shown(phone, message, view) {
  const caption = message.payload?.caption;
  return [
    h('div', { class: `shown ${FRAMED.has(message.type) ? 'framed' : ''}` }, MEDIA[message.type](phone, message), progress(phone, message)),
    caption ? h('p', { class: 'words' }, linked(caption, view.marking?.())) : null,
  ];
}

/** Text with its web addresses as links and what was searched for marked; all of it stays text nodes. */
export function linked(text, query) {
  return text.split(LINK).map((part, at) => (at % 2
    ? h('a', { href: part, target: '_blank', rel: 'noopener noreferrer' }, marked(part, query)) : marked(part, query)));
}
