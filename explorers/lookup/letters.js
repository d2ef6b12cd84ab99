// Where the letters of points stand: beside them, and under nothing.

/** @typedef {[number, number]} Pair */

const FAR = [17, 24]; // pixels from a point to the middle of its letter
const FROM_QUERY = [20, 26]; // whose circle is larger
const CLEAR = 21; // from there to the middle of the query's circle
const APART = 15; // to another point, or to another letter
const TURNS = [0, 45, -45, 90, -90, 135, -135, 180].map((degrees) => (degrees * Math.PI) / 180);

const distance = ([a, b], [c, d]) => Math.hypot(a - c, b - d);

/**
 * The first place near a point, of sixteen, where a letter is clear of all; if none is,
 * the one that comes nearest to it.
 * @param {Pair} point
 * @param {number} way the first angle that is tried, in pixels' sense (y down)
 * @param {number[]} reach pixels from the point, the best first
 * @param {(spot: Pair) => number} room at least 0 where a letter may stand
 * @returns {Pair}
 */
function spot(point, way, reach, room) {
  const spots = reach.flatMap((far) =>
    TURNS.map((turn) => {
      const [x, y] = [Math.cos(way + turn), Math.sin(way + turn)];
      return /** @type {Pair} */ ([point[0] + far * x, point[1] + far * y]);
    }),
  );
  const rooms = spots.map(room);
  const first = rooms.findIndex((each) => each >= 0);
  return spots[first < 0 ? rooms.indexOf(Math.max(...rooms)) : first];
}

/**
 * Middles of the letters of some points and of the query, all in pixels. A point's
 * letter stands away from the center unless something is in the way there.
 * @param {Pair[]} points
 * @param {Pair} query
 * @param {Pair} center
 * @param {{low: Pair, high: Pair}} frame
 * @returns {Pair[]} the query's last
 */
export function lettered(points, query, center, { low, high }) {
  const placed = [];
  const inside = ([x, y]) => Math.min(x - low[0], high[0] - x, y - low[1], high[1] - y);
  const add = (point, way, reach, gaps) => {
    const room = (at) =>
      Math.min(inside(at), ...gaps(at), ...placed.map((other) => distance(at, other) - APART));
    placed.push(spot(point, way, reach, room));
  };
  points.forEach((point, j) => {
    const others = points.filter((_, i) => i !== j);
    const [dx, dy] = [point[0] - center[0], point[1] - center[1]];
    add(point, dx || dy ? Math.atan2(dy, dx) : -Math.PI / 2, FAR, (at) => [
      distance(at, query) - CLEAR,
      ...others.map((other) => distance(at, other) - APART),
    ]);
  });
  add(query, -Math.PI / 2, FROM_QUERY, (at) => points.map((point) => distance(at, point) - APART));
  return placed;
}
