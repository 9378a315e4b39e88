// Sending something other than words: files of all kinds, and a place.
import { choose, kindOf, look, whyNot } from '/demo/files.js';
import { field } from '/demo/parts.js';
import { fileSize } from '/demo/format.js';
import { h } from '/demo/dom.js';
import { icon } from '/demo/icons.js';
import { openSheet } from '/demo/sheet.js';

const MOST_FILES = 10;

/** What can be attached. `taken()` is told when something goes out, `replyTo()` what it answers. */
export function openAttach(phone, copy, hooks) {
  const pick = (how, kind) => async () => review(phone, copy, await choose(how), hooks, kind);
  openSheet(phone, {
    title: 'Send',
    actions: [
      { label: 'Photo or video', icon: 'image', run: pick({ accept: 'image/*,video/*', multiple: true }) },
      { label: 'Camera', icon: 'camera', run: pick({ accept: 'image/*', capture: 'environment' }) },
      { label: 'Document', icon: 'document', run: pick({ multiple: true }, 'document') },
      { label: 'Sound', icon: 'audio', run: pick({ accept: 'audio/*' }) },
      { label: 'Location', icon: 'pinPlace', run: () => locationSheet(phone, copy, hooks) },
    ],
  });
}

/** Shows what is about to be sent and asks for a caption. */
export async function review(phone, copy, files, hooks, as) {
  if (!files.length) return;
  const { client } = phone;
  if (files.length > MOST_FILES) phone.toast(`The first ${MOST_FILES} files are taken.`);
  const all = files.slice(0, MOST_FILES).map((file) => ({ file, type: as ?? kindOf(file) }));
  const refused = all.map(({ file, type }) => whyNot(file, type, client.limits)).filter(Boolean);
  refused.forEach((words) => phone.toast(words, 'bad'));
  const taken = all.filter(({ file, type }) => !whyNot(file, type, client.limits));
  if (!taken.length) return;
  for (const one of taken) one.local = await look(one.file, one.type);
  const captioned = taken[0].type !== 'document';
  const caption = field({ label: 'Caption (optional)', maxlength: 1024, name: 'caption', autocomplete: 'off' });
  const close = openSheet(phone, {
    title: taken.length === 1 ? 'Send this?' : `Send these ${taken.length}?`,
    body: [h('form', {
      onsubmit: (event) => {
        event.preventDefault();
        close();
        const replyToId = hooks.replyTo();
        taken.forEach((one, at) => client.uploads.add(copy.id, {
          ...one, caption: at === 0 && captioned ? caption.control.value.trim() : '', replyToId: at === 0 ? replyToId : null,
        }));
        hooks.taken();
      },
    }, h('div', { class: `looks ${taken.length > 1 ? 'several' : ''}` }, taken.map(appearance)), captioned ? caption.el : null,
    h('button', { class: 'primary', type: 'submit' }, 'Send'))],
  });
}

function appearance({ file, type, local }) {
  if (type === 'image' && local.url) return h('img', { class: 'look', src: local.url, alt: file.name });
  if (type === 'video' && local.url) return h('video', { class: 'look', src: local.url, controls: true, muted: true, playsinline: true, 'aria-label': file.name });
  const sign = { image: 'image', video: 'video', audio: 'audio' }[type] ?? 'document';
  return h('div', { class: 'attachment look-file' }, h('span', { class: 'attachment-icon' }, icon(sign)),
    h('span', { class: 'row-text' }, h('b', {}, file.name), h('span', {}, fileSize(file.size))));
}

function locationSheet(phone, copy, hooks) {
  const name = field({ label: 'Name (optional)', name: 'place', maxlength: 200, placeholder: 'The Globe', autocomplete: 'off' });
  const latitude = field({ label: 'Latitude', name: 'latitude', inputmode: 'text', placeholder: '51.5081', required: true, autocomplete: 'off' });
  const longitude = field({ label: 'Longitude', name: 'longitude', inputmode: 'text', placeholder: '-0.0972', required: true, autocomplete: 'off' });
  const told = h('p', { class: 'problem', role: 'alert' });
  const here = h('button', { class: 'chip', type: 'button', onclick: locate }, icon('pinPlace'), h('span', {}, 'Where I am now'));
  const close = openSheet(phone, {
    title: 'Send a location',
    body: [h('form', { onsubmit: send }, here, h('div', { class: 'two' }, latitude.el, longitude.el), name.el, told,
      h('button', { class: 'primary', type: 'submit' }, 'Send'))],
  });

  function locate() {
    told.textContent = '';
    if (!navigator.geolocation) {
      told.textContent = 'This browser does not tell where it is. Write the place instead.';
      return;
    }
    here.disabled = true;
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      here.disabled = false;
      latitude.control.value = coords.latitude.toFixed(6);
      longitude.control.value = coords.longitude.toFixed(6);
    }, () => {
      here.disabled = false;
      told.textContent = 'The place could not be found out, or was refused. Write it instead.';
    }, { timeout: 10_000 });
  }

  function send(event) {
    event.preventDefault();
    const place = { latitude: degrees(latitude.control.value, 90), longitude: degrees(longitude.control.value, 180) };
    const wrong = Object.keys(place).find((side) => place[side] === null);
    if (wrong) {
      const most = wrong === 'latitude' ? 90 : 180;
      told.textContent = `The ${wrong} is a number between -${most} and ${most}.`;
      (wrong === 'latitude' ? latitude : longitude).control.focus();
      return;
    }
    close();
    const words = name.control.value.trim();
    phone.client.outbox.send(copy.id, { type: 'location', payload: { ...place, ...(words ? { name: words } : {}) }, replyToId: hooks.replyTo() });
    hooks.taken();
  }
}

function degrees(text, most) {
  const value = Number(text.trim().replace(',', '.'));
  return text.trim() && Number.isFinite(value) && Math.abs(value) <= most ? value : null;
}
