// Files dragged onto a screen.
import { h } from '/demo/dom.js';
import { icon } from '/demo/icons.js';

export function dropping(el, take) {
  const sign = h('div', { class: 'drop', hidden: true, 'aria-hidden': 'true' }, icon('download'), h('span', {}, 'Drop to send'));
  el.append(sign);
  const carries = (event) => [...event.dataTransfer?.types ?? []].includes('Files');
  el.addEventListener('dragover', (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    sign.hidden = false;
  });
  el.addEventListener('dragleave', (event) => { if (!el.contains(event.relatedTarget)) sign.hidden = true; });
  el.addEventListener('drop', (event) => {
    sign.hidden = true;
    if (!carries(event)) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
}
