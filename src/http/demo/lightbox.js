// A picture over the whole phone: fitting, or as large as one likes to look at it.
import { h } from '/demo/dom.js';
import { fullTime } from '/demo/format.js';
import { roundButton } from '/demo/parts.js';
import { withFreshAddress } from '/demo/bubble-media.js';

const LARGEST = 6;

export function openPicture(phone, message, source) {
  const { client } = phone;
  const before = document.activeElement;
  const who = message.senderId === client.me ? 'You' : client.people.name(message.senderId);
  const image = h('img', { src: source.full, alt: message.payload?.caption || `Photo from ${who}`, draggable: 'false' });
  withFreshAddress(client, image, source);
  const stage = h('div', { class: 'lightbox-stage' }, image);
  const save = h('a', { class: 'round', href: source.full, download: 'photo', target: '_blank', rel: 'noopener', 'aria-label': 'Download', title: 'Download' });
  save.append(roundButton('download', 'Download', () => {}).firstChild);
  const larger = roundButton('plus', 'Zoom in', () => zoom(scale > 1 ? 1 : 2.5));
  const el = h('div', { class: 'lightbox', role: 'dialog', 'aria-modal': 'true', 'aria-label': 'Photo', onkeydown: key },
    h('header', { class: 'lightbox-bar' }, roundButton('close', 'Close', close),
      h('span', { class: 'row-text' }, h('b', { dir: 'auto' }, who), h('span', {}, fullTime(message.createdAt))), larger, save),
    stage, message.payload?.caption ? h('p', { class: 'lightbox-caption', dir: 'auto' }, message.payload.caption) : null);
  let scale = 1;
  let [x, y] = [0, 0];
  const fingers = new Map();
  let spread = 0;

  function draw() {
    const [w, height] = [image.clientWidth, image.clientHeight];
    const room = (side, of) => Math.max(0, (side * scale - of) / 2);
    x = Math.max(-room(w, stage.clientWidth), Math.min(room(w, stage.clientWidth), x));
    y = Math.max(-room(height, stage.clientHeight), Math.min(room(height, stage.clientHeight), y));
    image.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    stage.classList.toggle('zoomed', scale > 1);
    larger.setAttribute('aria-label', scale > 1 ? 'Whole picture' : 'Zoom in');
  }

  function zoom(next) {
    scale = Math.max(1, Math.min(LARGEST, next));
    draw();
  }

  function key(event) {
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    if (event.key === '+' || event.key === '=') zoom(scale * 1.4);
    else if (event.key === '-') zoom(scale / 1.4);
    else if (step) {
      x += step[0];
      y += step[1];
      draw();
    } else if (event.key === 'Tab') trap(event);
  }

  /** The focus stays among the buttons. */
  function trap(event) {
    const stops = [...el.querySelectorAll('button, a')];
    const at = stops.indexOf(document.activeElement);
    event.preventDefault();
    stops[(at + (event.shiftKey ? stops.length - 1 : 1)) % stops.length].focus();
  }

  function close() {
    if (phone.closeSheet !== close) return;
    phone.closeSheet = null;
    phone.panes.inert = false;
    el.remove();
    if (before?.isConnected) before.focus({ preventScroll: true });
  }

  stage.addEventListener('wheel', (event) => {
    event.preventDefault();
    zoom(scale * (event.deltaY < 0 ? 1.15 : 1 / 1.15));
  }, { passive: false });
  stage.addEventListener('dblclick', () => zoom(scale > 1 ? 1 : 2.5));
  stage.addEventListener('click', (event) => { if (event.target === stage && scale === 1) close(); });
  stage.addEventListener('pointerdown', (event) => {
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event);
    spread = 0;
  });
  stage.addEventListener('pointermove', (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    fingers.set(event.pointerId, event);
    const [a, b] = [...fingers.values()];
    if (b) {
      const now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
      if (spread) zoom(scale * (now / spread));
      spread = now;
    } else if (scale > 1) {
      x += event.clientX - last.clientX;
      y += event.clientY - last.clientY;
      draw();
    }
  });
  for (const name of ['pointerup', 'pointercancel']) stage.addEventListener(name, (event) => fingers.delete(event.pointerId));

  phone.closeSheet?.();
  phone.closeSheet = close;
  phone.panes.inert = true;
  phone.screen.append(el);
  el.querySelector('button').focus({ preventScroll: true });
}
