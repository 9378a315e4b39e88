// A small drawn map around a place. The lines of the land are rough; the crosshair is where it says.
const SVG = 'http://www.w3.org/2000/svg';
const HALF_WIDTH = 34; // degrees to either side
const HALF_HEIGHT = 15;

// Longitude and latitude by turns, one string a coast.
const LAND = [
  '-168 66 -140 70 -95 72 -80 68 -64 60 -56 52 -66 44 -71 42 -76 35 -81 31 -80 25 -84 30 -90 29 -97 26 -97 19 -91 19 -87 21 -88 16 -83 10 -78 9 -85 11 -92 14 -105 20 -110 24 -114 31 -118 34 -124 40 -125 48 -135 58 -152 59 -165 55 -158 60',
  '-45 60 -22 70 -20 80 -60 82 -68 77 -54 70',
  '-77 8 -72 12 -62 10 -50 0 -35 -6 -39 -15 -41 -22 -48 -27 -53 -34 -57 -37 -65 -42 -68 -53 -74 -50 -73 -40 -71 -30 -71 -18 -77 -12 -81 -5',
  '-9 37 -9 43 -2 44 -1 46 -5 48 2 51 5 53 8 54 8 57 12 56 10 54 19 55 21 57 23 59 30 60 22 61 22 64 25 66 18 62 17 59 12 56 7 58 5 61 14 68 26 71 40 67 45 68 60 69 75 72 105 77 140 73 180 69 178 63 162 58 156 52 160 60 140 55 141 48 130 42 127 35 121 38 121 30 115 22 108 20 109 11 103 1 98 10 91 22 80 13 77 8 72 20 60 25 55 17 44 13 35 28 36 36 27 37 26 40 35 42 41 42 38 46 31 46 28 43 26 40 23 38 19 41 13 45 18 40 16 38 12 42 9 44 3 43 -1 39 -2 37',
  '-6 35 10 37 11 34 20 32 32 31 35 25 43 12 51 12 45 2 40 -5 40 -16 33 -26 26 -34 18 -34 12 -17 13 -6 9 0 8 4 -8 5 -17 14 -16 24',
  '114 -22 122 -18 131 -12 136 -12 137 -16 141 -11 146 -19 153 -27 150 -37 143 -39 131 -32 116 -35',
  '-5 50 1 51 2 53 -2 57 -5 58 -3 54 -5 52', '-10 52 -6 52 -6 55 -9 54', '-24 65 -14 65 -18 63', '131 32 136 34 141 36 142 43 145 44 141 45 140 39 133 35',
  '44 -24 47 -25 50 -14 44 -18', '167 -46 175 -41 178 -38 173 -35 172 -41', '109 0 117 6 118 -2 113 -4', '95 5 106 -6 103 -4', '106 -6 115 -8 106 -7', '131 -1 150 -10 141 -9',
  '120 18 122 14 124 8 120 14', '8 40 10 39 9 41', '12 38 16 38 15 37', '80 9 82 7 80 6', '-85 22 -75 20 -80 23', '144 -41 148 -41 147 -43',
];

function shape(name, attributes) {
  const el = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) el.setAttribute(key, value);
  return el;
}

export function map(latitude, longitude) {
  const lat = Math.max(-90, Math.min(90, latitude));
  const [left, top] = [longitude - HALF_WIDTH, -lat - HALF_HEIGHT];
  const svg = shape('svg', {
    class: 'map', 'aria-hidden': 'true', preserveAspectRatio: 'xMidYMid slice', viewBox: `${left} ${top} ${HALF_WIDTH * 2} ${HALF_HEIGHT * 2}`,
  });
  svg.append(shape('rect', { class: 'map-sea', x: left - 20, y: top - 20, width: HALF_WIDTH * 2 + 40, height: HALF_HEIGHT * 2 + 40 }));
  for (const shift of [-360, 0, 360]) for (const coast of LAND) svg.append(land(coast, shift));
  for (let line = -540; line <= 540; line += 10) {
    if (Math.abs(line - longitude) < HALF_WIDTH + 20) svg.append(shape('path', { class: 'map-line', d: `M${line} -90V90` }));
    if (Math.abs(line) <= 90) svg.append(shape('path', { class: 'map-line', d: `M${left - 20} ${line}H${left + HALF_WIDTH * 2 + 20}` }));
  }
  svg.append(
    shape('path', { class: 'map-pin', d: `M${longitude} ${-lat}c-3-4-4.600-6.200-4.600-8.400a4.600 4.600 0 019.200 0c0 2.200-1.600 4.400-4.600 8.400z` }),
    shape('circle', { class: 'map-eye', cx: longitude, cy: -lat - 8.4, r: 1.7 }));
  return svg;
}

function land(coast, shift) {
  const numbers = coast.split(' ').map(Number);
  const points = [];
  for (let at = 0; at < numbers.length; at += 2) points.push(`${numbers[at] + shift},${-numbers[at + 1]}`);
  return shape('polygon', { class: 'map-land', points: points.join(' ') });
}
