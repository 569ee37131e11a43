// Colours for numbers.

// The map's spectrum, as internal/colormap has it: lightness rises to the middle
// and falls again without jumps.
const anchors = [
  [48, 18, 59], [64, 76, 178], [66, 133, 244], [36, 188, 222], [40, 220, 150],
  [136, 240, 80], [214, 226, 54], [250, 178, 48], [240, 106, 24], [200, 42, 10], [122, 4, 3],
];

// ramp returns the colour of t from 0 to 1 as three bytes.
export function ramp(t) {
  const x = Math.min(Math.max(t, 0), 1) * (anchors.length - 1);
  const i = Math.min(Math.floor(x), anchors.length - 2), f = x - i;
  return anchors[i].map((a, k) => Math.round(a * (1 - f) + anchors[i + 1][k] * f));
}

// gradient is the ramp for CSS.
export const gradient = () => `linear-gradient(90deg, ${anchors.map(a => `rgb(${a})`).join()})`;

// quantiles returns those of some of the values.
export function quantiles(values, ...shares) {
  const step = Math.max(1, Math.floor(values.length / 20000));
  const some = new Float64Array(Math.ceil(values.length / step));
  for (let i = 0; i < some.length; i++) some[i] = values[i * step];
  some.sort(); // of a typed array: by number
  return shares.map(q => some[Math.min(some.length - 1, Math.floor(q * some.length))] ?? 0);
}

// length writes metres: millimetres below a centimetre, centimetres below one metre.
export function length(m) {
  const a = Math.abs(m);
  if (a < .01) return (1000 * m).toPrecision(2) + " mm";
  if (a < 1) return (100 * m).toPrecision(a < .1 ? 2 : 3) + " cm";
  return m.toPrecision(a < 100 ? 3 : 4) + " m";
}
