// Pictures, videos, sounds, documents and places in a bubble.
import { fileSize } from '/demo/format.js';
import { h } from '/demo/dom.js';
import { icon } from '/demo/icons.js';
import { map } from '/demo/map.js';
import { openPicture } from '/demo/lightbox.js';
import { soundPlayer } from '/demo/player.js';

const WIDEST = 264;
const HIGHEST = 320;
const LEAST = 120;
const MOST_PLAYERS = 60;

/** What there is to show of a medium: what this page itself sent, else what the server tells. */
export function sourceOf(client, message) {
  const local = client.uploads.previews.get(message.clientMessageId) ?? {};
  const { mediaUrl, thumbnailUrl, width, height, durationMs, mediaId } = message.payload ?? {};
  return {
    mediaId, full: local.url ?? mediaUrl, small: local.url ?? thumbnailUrl ?? null,
    width: width ?? local.width, height: height ?? local.height, durationMs: durationMs ?? local.durationMs,
  };
}

/** An address that ended is asked for anew, once. */
export function withFreshAddress(client, el, source, small = false) {
  let asked = false;
  el.addEventListener('error', async () => {
    if (asked || !source.mediaId) return el.classList.add('broken');
    asked = true;
    try {
      const { url, thumbnail_url: thumbnail } = await client.api.get(`/media/${source.mediaId}`);
      el.src = small ? thumbnail ?? url : url;
    } catch {
      el.classList.add('broken');
    }
    return undefined;
  });
}

/** Keeps the place of a picture before it is here. */
function reserve(el, { width, height }) {
  const [w, h] = [width || 4, height || 3];
  const scale = Math.min(WIDEST / w, HIGHEST / h);
  el.style.width = `${Math.round(Math.max(LEAST, w * scale))}px`;
  el.style.aspectRatio = `${Math.max(LEAST, w * scale)} / ${Math.max(64, h * scale)}`;
  return el;
}

export function picture(phone, message) {
  const { client } = phone;
  const source = sourceOf(client, message);
  const caption = message.payload?.caption;
  const image = source.small || source.full ? h('img', { src: source.small ?? source.full, alt: '', decoding: 'async' }) : null;
  if (image) withFreshAddress(client, image, source, true);
  return reserve(h('button', {
    class: 'picture', type: 'button', 'aria-label': caption ? `Photo: ${caption}` : 'Photo', disabled: !source.full,
    onclick: () => openPicture(phone, message, source),
  }, icon('image'), image), source);
}

export function film(phone, message) {
  const source = sourceOf(phone.client, message);
  if (!source.full) return reserve(h('div', { class: 'picture' }, icon('video')), source);
  return kept(phone, message, source, () => videoPlayer(phone, message, source));
}

function videoPlayer(phone, message, source) {
  const video = h('video', {
    class: 'picture film', src: source.full, controls: true, playsinline: true, 'aria-label': message.payload?.caption || 'Video',
    preload: message.payload?.thumbnailUrl ? 'none' : 'metadata', poster: message.payload?.thumbnailUrl ?? null,
  });
  withFreshAddress(phone.client, video, source);
  return reserve(video, source);
}

export function sound(phone, message) {
  const source = sourceOf(phone.client, message);
  return kept(phone, message, source, () => soundPlayer(phone, source));
}

/** A player outlives the bubble around it, which is built anew with every reaction and receipt. */
function kept({ client }, message, { mediaId, full }, make) {
  const key = message.clientMessageId ?? mediaId;
  const old = client.players.get(key);
  if (old && old.full === full) return old.el;
  const el = make();
  client.players.set(key, { full, el });
  if (client.players.size > MOST_PLAYERS) client.players.delete(client.players.keys().next().value);
  return el;
}

export function paper(phone, message) {
  const { fileName, fileSize: bytes, mediaUrl } = message.payload ?? {};
  const name = fileName || 'Document';
  const inside = [h('span', { class: 'attachment-icon' }, icon('document')),
    h('span', { class: 'row-text' }, h('b', { class: 'two-lines' }, name), h('span', {}, fileSize(bytes)))];
  if (!mediaUrl) return h('div', { class: 'attachment' }, inside);
  return h('a', {
    class: 'attachment', href: mediaUrl, download: name, target: '_blank', rel: 'noopener', 'aria-label': `Download ${name}, ${fileSize(bytes)}`,
    onclick: (event) => download(phone, event, message.payload),
  }, inside, icon('download', { kind: 'attachment-do' }));
}

/** The address of a document may be over: one that is good is asked for first. */
async function download(phone, event, { mediaId, fileName }) {
  if (!mediaId || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  await phone.attempt(async () => {
    const { url } = await phone.client.api.get(`/media/${mediaId}`);
    h('a', { href: url, download: fileName || '', target: '_blank', rel: 'noopener' }).click();
  });
}

export function place({ latitude, longitude, name, address }) {
  const [lat, lon] = [Number(latitude), Number(longitude)];
  const where = `${Math.abs(lat).toFixed(4)}° ${lat < 0 ? 'S' : 'N'}, ${Math.abs(lon).toFixed(4)}° ${lon < 0 ? 'W' : 'E'}`;
  return h('a', {
    class: 'place', href: `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=15/${lat}/${lon}`, target: '_blank', rel: 'noopener noreferrer',
    'aria-label': `${name || 'Location'}, ${where}. Opens a map.`,
  }, map(lat, lon), h('span', { class: 'row-text' }, h('b', { dir: 'auto' }, name || 'Location'),
    address ? h('span', { dir: 'auto' }, address) : null, h('span', { class: 'where' }, where), h('span', { class: 'open-map' }, 'Open in maps')));
}

/** Over what is still going up: how far it is, and the way to stop it or try again. */
export function progress(phone, message) {
  const { uploads } = phone.client;
  const { item } = message;
  if (!item) return null;
  if (item.state === 'failed') {
    return h('button', { class: 'rise failed', type: 'button', 'aria-label': 'Try again', title: 'Try again', onclick: () => uploads.retry(item) }, icon('retry'));
  }
  const ring = h('button', { class: 'rise', type: 'button', 'aria-label': 'Stop uploading', title: 'Stop', onclick: () => uploads.cancel(item) }, icon('close'));
  item.show = (part) => {
    ring.style.setProperty('--part', `${Math.round(part * 100)}%`);
  };
  item.show(item.progress);
  return ring;
}
