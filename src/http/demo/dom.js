// DOM building. Data reaches the page as text nodes and attributes only, never as markup.

/** Makes an element: `on…` are listeners, `true` is a bare attribute, null and false are left out. */
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) el.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked') el[name] = value;
    else el.setAttribute(name, value === true ? '' : value);
  }
  append(el, children);
  return el;
}

function append(el, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== undefined && child !== null && child !== false && child !== '') el.append(child);
  }
}

/** Replaces what an element holds. */
export function fill(el, ...children) {
  el.replaceChildren();
  append(el, children);
  return el;
}

const live = new WeakMap();

/**
 * Brings a container's children in line with a list, touching only what changed.
 * `rows` are `{key, sign, build}`: an element is rebuilt when `sign` differs from the last time.
 */
export function keyed(container, rows) {
  const had = live.get(container) ?? new Map();
  const has = new Map();
  const active = container.contains(document.activeElement) ? document.activeElement : null;
  const keys = new Set(rows.map((row) => row.key));
  for (const [key, { el }] of had) {
    if (keys.has(key)) continue;
    if (el.contains(active)) focusFirst(el.nextElementSibling ?? el.previousElementSibling);
    el.remove();
  }
  let before = container.firstChild;
  for (const { key, sign, build } of rows) {
    const old = had.get(key);
    let el = old?.el;
    if (!old) el = build(true);
    else if (old.sign !== sign) {
      const fresh = build(false);
      if (before === el) before = fresh;
      el.replaceWith(fresh);
      if (el.contains(active)) focusFirst(fresh);
      el = fresh;
    }
    if (before === el) before = el.nextSibling;
    else container.insertBefore(el, before);
    has.set(key, { el, sign });
  }
  live.set(container, has);
  if (active?.isConnected && document.activeElement !== active && document.activeElement === document.body) active.focus();
}

function focusFirst(el) {
  const target = el?.matches('[tabindex], button') ? el : el?.querySelector('[tabindex], button');
  target?.focus({ preventScroll: true });
}

/** A debounced-to-a-frame version of a function; it also runs, later, in a hidden page. */
export function onNextFrame(run) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    const go = () => { if (asked) { asked = false; run(); } };
    if (document.visibilityState === 'visible') requestAnimationFrame(go);
    setTimeout(go, 120);
  };
}
