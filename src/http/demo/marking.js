// What was searched for, marked where it stands: words by their beginning, whatever their case and accents.
import { h } from '/demo/dom.js';

const WORD = /([\p{L}\p{N}\p{M}]+)/u;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

const fold = (text) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

/** A text in pieces, those that answer the query in `<mark>`. */
export function marked(text, query) {
  const wanted = (query ?? '').split(WORD).filter((_, at) => at % 2).map(fold).filter(Boolean);
  if (!wanted.length) return [text];
  return text.split(WORD).flatMap((part, at) => (at % 2 ? markedWord(part, wanted) : [part]));
}

function markedWord(word, wanted) {
  const folded = fold(word);
  for (const one of wanted) {
    const from = UNSPACED.test(one) ? folded.indexOf(one) : folded.startsWith(one) ? 0 : -1;
    if (from < 0) continue;
    if (folded.length !== word.length) return [h('mark', {}, word)]; // what is folded together has no place of its own
    return [word.slice(0, from), h('mark', {}, word.slice(from, from + one.length)), word.slice(from + one.length)];
  }
  return [word];
}

/** A text around its first match, short enough for two lines. */
export function snippet(text, query, size = 110) {
  const wanted = (query ?? '').split(WORD).filter((_, at) => at % 2).map(fold);
  const at = fold(text).indexOf(wanted[0] ?? '');
  if (text.length <= size || at < size / 2) return text.slice(0, size) + (text.length > size ? '…' : '');
  return `…${text.slice(Math.max(0, at - 30), at - 30 + size)}${at - 30 + size < text.length ? '…' : ''}`;
}
