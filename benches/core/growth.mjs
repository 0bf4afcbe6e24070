// Draws how the cost of a decision grows: one small chart for each quantity, such as the number of
// rules. The charts must be readable on light and dark backgrounds, so every point is also labelled
// with its number of instructions.

const WIDTH = 400;
const HEIGHT = 200;
const LEFT = 20;
const RIGHT = 50;
const TOP = 60;
const BOTTOM = 40;

const TITLES = {
  rules: 'rules, RS256, cached',
  providers: 'providers, RS256, cached',
  keys: 'keys of the provider, HS256, not cached',
  tokens: 'room for tokens in the cache, half of it taken',
};

const number = (value) => value.toLocaleString('en');

// Groups the rows of the steps `growth/WHAT/SIZE` by `WHAT`.
export function seriesOf(rows) {
  const series = new Map();
  for (const { step, instructions } of rows) {
    const [, what, size] = step.split('/');
    if (!series.has(what)) series.set(what, []);
    series.get(what).push({ size: Number(size), instructions });
  }
  return [...series];
}

export function tableOf(series) {
  const row = ([what, points]) => {
    const cells = points.map(({ size, instructions }) => `${number(size)}: ${number(instructions)}`);
    return `| ${TITLES[what]} | ${cells.join(' · ')} |`;
  };
  return ['| instructions of a decision with this many | |', '|---|---|', ...series.map(row)].join('\n');
}

function chart([what, points], index) {
  const [x0, y0] = [(index % 2) * WIDTH, 30 + (index >> 1) * HEIGHT];
  const highest = Math.max(...points.map(({ instructions }) => instructions));
  const last = Math.log(points.at(-1).size);
  const first = Math.log(points[0].size);
  const place = ({ size, instructions }) => ({
    x: x0 + LEFT + ((Math.log(size) - first) / (last - first)) * (WIDTH - LEFT - RIGHT),
    y: y0 + HEIGHT - BOTTOM - (instructions / highest) * (HEIGHT - TOP - BOTTOM),
  });
  const base = y0 + HEIGHT - BOTTOM;
  const line = points.map(place).map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  const marks = points.map((point, at) => {
    const { x, y } = place(point);
    const anchor = at === 0 ? 'start' : 'middle';
    return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4"/>`
      + `<text x="${x.toFixed(1)}" y="${(y - 10).toFixed(1)}" text-anchor="${anchor}">${number(point.instructions)}</text>`
      + `<text class="muted" x="${x.toFixed(1)}" y="${base + 18}" text-anchor="${anchor}">${number(point.size)}</text>`;
  });
  return `<text class="heading" x="${x0 + LEFT}" y="${y0 + 18}">${TITLES[what]}</text>
<path class="axis" d="M${x0 + LEFT} ${base}H${x0 + WIDTH - RIGHT}"/><polyline points="${line}"/>${marks.join('')}`;
}

export function pictureOf(series) {
  const height = 30 + Math.ceil(series.length / 2) * HEIGHT;
  const width = 2 * WIDTH;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="t d" font-family="system-ui, sans-serif" font-size="13">
<title id="t">Instructions of one decision, for policies and caches of different sizes</title>
<desc id="d">A chart for each of rules, providers, keys and cached tokens. The table has the numbers.</desc>
<style>
text { fill: #1f2328 } .muted { fill: #59636e } .heading { font-weight: 600; font-size: 14px }
polyline { fill: none; stroke: #0969da; stroke-width: 2 } circle { fill: #0969da } .axis { stroke: #8c959f }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .muted { fill: #9198a1 } polyline { stroke: #4493f8 } circle { fill: #4493f8 } .axis { stroke: #656c76 }
}
</style>
<text class="muted" x="${LEFT}" y="18">instructions of one decision; the horizontal axes are logarithmic</text>
${series.map(chart).join('\n')}
</svg>
`;
}
