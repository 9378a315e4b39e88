// Files that a person picked, dropped, pasted or recorded: what kind each is, how large, and how it looks.
import { fileSize } from '/demo/format.js';

const SHOWN = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif']);
const PLAYED = /^video\/(mp4|quicktime|webm|x-matroska|3gpp|x-msvideo)$/;
const HEARD = /^audio\/(mpeg|mp4|x-m4a|m4a|ogg|webm|wav|x-wav|flac|x-flac|aac|amr)$/;
const WORDS = { image: 'A picture', video: 'A video', audio: 'A sound', document: 'A document' };
const LOOK_MS = 4000;

/** What the server takes a file as; whatever it cannot show travels as a document. */
export function kindOf(file) {
  const type = file.type.split(';')[0];
  if (SHOWN.has(type)) return 'image';
  if (PLAYED.test(type)) return 'video';
  return HEARD.test(type) ? 'audio' : 'document';
}

/** Why a file cannot be sent, in words; empty when it can. */
export function whyNot(file, kind, limits) {
  const most = limits.mediaBytes?.[kind];
  if (file.size === 0) return `“${file.name}” is empty.`;
  if (most && file.size > most) return `${WORDS[kind]} may have ${fileSize(most)} at most; “${file.name}” has ${fileSize(file.size)}.`;
  return '';
}

/** What can be known before the server looks: an address on this page, sides, length. */
export async function look(file, kind) {
  if (kind === 'document') return {};
  const url = URL.createObjectURL(file);
  const seen = kind === 'image' ? pictureSides(url) : played(url, kind);
  const late = new Promise((done) => { setTimeout(() => done({}), LOOK_MS); });
  return { url, ...await Promise.race([seen, late]).catch(() => ({})) };
}

async function pictureSides(url) {
  const picture = new Image();
  picture.src = url;
  await picture.decode();
  return { width: picture.naturalWidth, height: picture.naturalHeight };
}

function played(url, kind) {
  const player = document.createElement(kind);
  player.preload = 'metadata';
  player.muted = true;
  return new Promise((done, fail) => {
    player.onloadedmetadata = () => done({
      width: player.videoWidth || undefined, height: player.videoHeight || undefined,
      durationMs: Number.isFinite(player.duration) ? Math.round(player.duration * 1000) : undefined,
    });
    player.onerror = fail;
    player.src = url;
  });
}

/** Lets a person choose files; resolves with none when the dialog is closed. */
export function choose({ accept = '', multiple = false, capture = null } = {}) {
  const input = document.createElement('input');
  Object.assign(input, { type: 'file', accept, multiple });
  if (capture) input.setAttribute('capture', capture);
  input.hidden = true;
  input.dataset.choosing = accept || 'any';
  document.body.append(input); // some browsers forget one that is not in the page
  return new Promise((done) => {
    const end = () => {
      done([...input.files]);
      input.remove();
    };
    input.addEventListener('change', end);
    input.addEventListener('cancel', end);
    input.click();
  });
}

/** A picture cut to a square and made small, for faces. */
export async function squared(file, side = 640) {
  const bitmap = await createImageBitmap(file);
  const cut = Math.min(bitmap.width, bitmap.height);
  const size = Math.min(side, cut);
  const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size });
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff'; // a JPEG has no see-through parts
  context.fillRect(0, 0, size, size);
  context.drawImage(bitmap, (bitmap.width - cut) / 2, (bitmap.height - cut) / 2, cut, cut, 0, 0, size, size);
  const blob = await new Promise((done) => { canvas.toBlob(done, 'image/jpeg', 0.9); });
  return new File([blob], 'picture.jpg', { type: 'image/jpeg' });
}
