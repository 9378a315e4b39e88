// Line icons on a 24 × 24 grid, built as SVG elements.
const SVG = 'http://www.w3.org/2000/svg';

const PATHS = {
  back: 'M15 5l-7 7 7 7',
  close: 'M6 6l12 12M18 6L6 18',
  plus: 'M12 5v14M5 12h14',
  send: 'M4.5 12L4 4.6c0-.5.5-.8 1-.6l15 7.3c.6.3.6 1.1 0 1.4L5 20c-.5.2-1-.1-1-.6L4.500 12zM4.500 12H12',
  plane: 'M20.500 15.500v-1.700L13.600 9.500V5.100c0-1-.7-2.100-1.600-2.100s-1.600 1.100-1.600 2.100v4.400l-6.900 4.300v1.700l6.900-2.100v4.400l-2.200 1.600V21l3.800-1 3.800 1v-1.500l-2.200-1.600v-4.400z',
  person: 'M12 12a4 4 0 100-8 4 4 0 000 8zM4.500 20.500c.8-3.800 3.800-6 7.500-6s6.700 2.200 7.500 6',
  people: 'M9 11.500a3.500 3.500 0 100-7 3.500 3.500 0 000 7zM2.500 19.500c.6-3.200 3.200-5.200 6.500-5.200s5.900 2 6.500 5.200M15.500 4.900a3.500 3.500 0 010 6.200M17.700 14.800c2 .8 3.400 2.400 3.800 4.700',
  gear: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 9.500a2.500 2.500 0 100-5 2.500 2.500 0 000 5zM9 19.500a2.500 2.500 0 100-5 2.500 2.500 0 000 5z',
  reply: 'M10 6L4.500 11.500 10 17M4.500 11.500H14c3.600 0 6 2.200 6 6.500',
  copy: 'M9 9h10v11H9zM15 9V4H5v11h4',
  edit: 'M4.500 19.500l1-4.500L16 4.500l3.500 3.500L9 18.500zM13.500 7l3.500 3.500',
  trash: 'M5 7h14M10 7V4.500h4V7M7 7l.8 12.500h8.400L17 7M10.500 11v5M13.500 11v5',
  info: 'M12 20.500a8.500 8.500 0 100-17 8.500 8.500 0 000 17zM12 11v5.500M12 7.700v.1',
  more: 'M12 6v.01M12 12v.01M12 18v.01',
  bellOff: 'M6.500 16.500V11c0-1.400.5-2.700 1.400-3.600M10 5.700A5.500 5.500 0 0117.500 11v3M5 16.500h11.500M10.500 19.500h3M4 4l16 16',
  bell: 'M6.500 16.500V11a5.500 5.500 0 0111 0v5.500M5 16.500h14M10.500 19.500h3M12 3.500v2',
  pin: 'M9 4h6l-.5 6 3 3.500h-11L9.500 10zM12 13.500V20',
  timer: 'M12 20.500a7.500 7.500 0 100-15 7.500 7.500 0 000 15zM12 9.500V13l2.500 1.500M9.500 2.500h5',
  block: 'M12 20.500a8.500 8.500 0 100-17 8.500 8.500 0 000 17zM6 6l12 12',
  leave: 'M14 4.500H5.500v15H14M10 12h10.500M17 8.500l3.500 3.500-3.500 3.500',
  pinPlace: 'M12 21c4.500-5 6.500-8.300 6.500-11a6.500 6.500 0 00-13 0c0 2.700 2 6 6.500 11zM12 12.200a2.300 2.300 0 100-4.600 2.300 2.300 0 000 4.600z',
  image: 'M4 5h16v14H4zM4 16l4.500-4.500L13 16l3-3 4 4M15.500 9.500v.01',
  video: 'M3.500 6.500h11v11h-11zM14.500 11l6-3.500v9l-6-3.500',
  audio: 'M12 4.500a2.500 2.500 0 00-2.500 2.500v5a2.500 2.500 0 005 0V7A2.500 2.500 0 0012 4.500zM6 11.500a6 6 0 0012 0M12 17.500v3',
  document: 'M6.500 3.500h7l4 4v13h-11zM13.500 3.500v4h4M9.500 12h5M9.500 15.500h5',
  down: 'M6 9.500l6 6 6-6',
  swap: 'M4 8.500h14M14.500 5L18 8.500 14.500 12M20 15.500H6M9.500 12L6 15.500 9.500 19',
  clock: 'M12 20a8 8 0 100-16 8 8 0 000 16zM12 7.500V12l3 2',
  warning: 'M12 4L3 19.500h18zM12 10v4.500M12 17v.01',
  tick: 'M4.500 12.500l5 5L20 7',
  ticks: 'M1.500 12.500l5 5L16 7M11.500 16.300l1.200 1.200L23 7',
  chat: 'M4 5.500h16v11h-8.500L7 20v-3.500H4z',
  shield: 'M12 3.500l7.500 3v5c0 4.500-3 7.700-7.500 9-4.500-1.300-7.500-4.500-7.500-9v-5z',
  device: 'M7 3.500h10v17H7zM11 17.500h2',
};

/** An icon by name; hidden from assistive technology unless it gets a label. */
export function icon(name, { label, kind } = {}) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon${kind ? ` ${kind}` : ''}`);
  if (label) {
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', label);
  } else svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name] ?? PATHS.info);
  svg.append(path);
  return svg;
}

const TICKS = {
  waiting: ['clock', 'Sending'],
  failed: ['warning', 'Not sent'],
  sent: ['tick', 'Sent'],
  delivered: ['ticks', 'Delivered'],
  read: ['ticks', 'Read'],
};

/** How far an own message got. */
export function tick(state) {
  const [name, label] = TICKS[state] ?? TICKS.sent;
  return icon(name, { label, kind: `tick tick-${state}` });
}
