// The network of the playground, its data and its training. `__init__.py` has the
// same in NumPy, with the same random numbers.

/**
 * @typedef {object} Settings what decides a training
 * @property {"spiral" | "circles" | "xor" | "moons"} data
 * @property {number[]} hidden units of the three hidden layers, 0 for none
 * @property {"tanh" | "relu" | "sigmoid"} activation
 * @property {number} rate
 * @property {number} batch
 * @property {"glorot" | "he" | "small" | "large" | "equal"} init
 * @property {number} seed
 */

/**
 * @typedef {object} View what of the hidden layers is shown
 * @property {number} layer from 1 on, at most the last
 * @property {number} axes 0 for its directions, k for its units 2k − 1 and 2k
 */

/**
 * @typedef {object} Picture
 * @property {Float64Array} logits on the grid over the plane, row by row from low x₂
 * @property {Uint8ClampedArray[]} units of each hidden layer: its units one after the
 *   other, each on every second node in both directions, from 0 (least) to 255
 * @property {Float64Array} bent where the nodes lie in the plane of the shown layer,
 *   two coordinates each, from −1 to 1 where points are
 * @property {Float64Array} seen the same for the training points
 * @property {number} shown the layer
 * @property {{loss: number, right: number}[]} scores on the training and held-out points
 * @property {[number, number, number][]} history epoch and both losses, thinned out
 * @property {[number, number]} least epoch of the least held-out loss, and that loss
 * @property {Means} recent
 * @property {number} best the least that the held-out loss has been in the mean
 * @property {number} dead units that are 0 at every training point
 * @property {boolean} equal whether all units of a layer are the same
 */

/**
 * Over the last RECENT epochs: with mini-batches the single epochs waver too much to be
 * judged by.
 * @typedef {object} Means
 * @property {number} loss of the training points
 * @property {number} heldOut loss of the held-out points
 * @property {number} right share of the training points
 */

/**
 * @typedef {object} Request
 * @property {Settings} settings
 * @property {number} epochs
 * @property {View} view
 * @property {number} budget milliseconds to train at most; it answers with what it has
 */

/**
 * All of it is in one function: a worker is made from the text of this function and
 * knows nothing outside of it.
 */
export function mathematics() {
  const COUNT = 200;
  const LAST = 2000;
  const PLANE = 2.5;
  const NODES = 61;
  const [TRAINING, HELD_OUT, WEIGHTS, ORDER] = [0, 1, 2, 3];
  const NOISE = { spiral: 0.1, circles: 0.2, xor: 0.2, moons: 0.3 };
  const EQUAL = 0.5;
  const FLAT = 1e-12;
  const RECENT = 30;

  const ACTIVATIONS = {
    tanh: Math.tanh,
    relu: (o) => (o > 0 ? o : 0),
    sigmoid: (o) => 1 / (1 + Math.exp(-o)),
  };
  /** The derivatives, in terms of the activation's value. */
  const SLOPES = {
    tanh: (a) => 1 - a * a,
    relu: (a) => (a > 0 ? 1 : 0),
    sigmoid: (a) => a * (1 - a),
  };
  /** Standard deviation of a weight. */
  const SCALES = {
    glorot: (inputs, outputs) => Math.sqrt(2 / (inputs + outputs)),
    he: (inputs) => Math.sqrt(2 / inputs),
    small: () => 0.01,
    large: () => 2,
    equal: () => 0,
  };

  /** Scramble a 32-bit integer, as mulberry32 does with its counter. */
  const mix = (z) => {
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return (z ^ (z >>> 14)) >>> 0;
  };

  /** @returns {() => number} the next of one sequence of numbers from 0 to 1 */
  const uniform = (purpose, seed) => {
    let state = mix(4 * seed + purpose);
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      return mix(state) / 2 ** 32;
    };
  };

  /** A standard normal number (Box and Muller). */
  const normal = (next) => {
    const size = Math.sqrt(-2 * Math.log(1 - next()));
    return size * Math.cos(2 * Math.PI * next());
  };

  /** @returns {{x: Float64Array, y: Uint8Array}} points, two coordinates each; classes */
  function dataset(kind, part) {
    const next = uniform(part, 0);
    const x = new Float64Array(2 * COUNT);
    const y = new Uint8Array(COUNT);
    const around = (radius, angle) => [radius * Math.cos(angle), radius * Math.sin(angle)];
    const shapes = {
      spiral(label, t) {
        const radius = 0.2 + 1.8 * t;
        return around(radius, 1.5 * Math.PI * radius + Math.PI * label);
      },
      circles: (label, t, u) =>
        around(label ? 1.4 + 0.6 * t : 0.9 * Math.sqrt(t), 2 * Math.PI * u),
      xor(label, t, u) {
        const x1 = 4 * t - 2;
        return [x1, Math.abs(4 * u - 2) * Math.sign(x1) * (1 - 2 * label)];
      },
      moons(label, t) {
        const [x1, x2] = around(1.3, Math.PI * t);
        return [(1 - 2 * label) * (x1 - 0.65), (1 - 2 * label) * (x2 - 0.325)];
      },
    };
    for (let i = 0; i < COUNT; i++) {
      y[i] = i % 2;
      const [x1, x2] = shapes[kind](y[i], next(), next());
      x[2 * i] = x1 + NOISE[kind] * normal(next);
      x[2 * i + 1] = x2 + NOISE[kind] * normal(next);
    }
    return { x, y };
  }

  /**
   * The network as functions of all parameters `theta`: layer by layer the weights, row
   * by row, then the biases.
   * @param {Settings} settings
   */
  function network({ hidden, activation, init, seed }) {
    const sizes = [2, ...hidden.filter((units) => units > 0), 1];
    const depth = sizes.length - 1;
    const phi = ACTIVATIONS[activation];
    const slope = SLOPES[activation];
    const values = sizes.map((size) => new Float64Array(size));
    const deltas = sizes.map((size) => new Float64Array(size));
    const starts = [0, 0];
    for (let l = 1; l <= depth; l++) starts.push(starts[l] + sizes[l] * (sizes[l - 1] + 1));

    const initial = () => {
      const next = uniform(WEIGHTS, seed);
      const theta = Float64Array.from({ length: starts[depth + 1] }, () => normal(next));
      for (let l = 1; l <= depth; l++) {
        const [inputs, outputs] = [sizes[l - 1], sizes[l]];
        const scale = SCALES[init](inputs, outputs);
        const biases = starts[l] + inputs * outputs;
        for (let i = starts[l]; i < biases; i++) {
          theta[i] = theta[i] * scale + (init === "equal" ? EQUAL : 0);
        }
        theta.fill(0, biases, starts[l + 1]);
      }
      return theta;
    };

    /** @returns {number} the logit; `values` holds what the layers have computed */
    const forward = (theta, x1, x2) => {
      values[0][0] = x1;
      values[0][1] = x2;
      for (let l = 1; l <= depth; l++) {
        const [below, above] = [values[l - 1], values[l]];
        const [inputs, outputs] = [below.length, above.length];
        let at = starts[l];
        const biases = at + inputs * outputs;
        for (let j = 0; j < outputs; j++) {
          let o = theta[biases + j];
          for (let i = 0; i < inputs; i++) o += theta[at++] * below[i];
          above[j] = l < depth ? phi(o) : o;
        }
      }
      return values[depth][0];
    };

    /** After `forward`: add the slopes of the loss, whose slope at the logit is given. */
    const backward = (theta, gradient, error) => {
      deltas[depth][0] = error;
      for (let l = depth; l > 0; l--) {
        const [below, above, passed] = [values[l - 1], deltas[l], deltas[l - 1]];
        const [inputs, outputs] = [below.length, above.length];
        let at = starts[l];
        const biases = at + inputs * outputs;
        passed.fill(0);
        for (let j = 0; j < outputs; j++) {
          const delta = above[j];
          gradient[biases + j] += delta;
          for (let i = 0; i < inputs; i++, at++) {
            gradient[at] += delta * below[i];
            passed[i] += delta * theta[at];
          }
        }
        if (l > 1) for (let i = 0; i < inputs; i++) passed[i] *= slope(below[i]);
      }
    };

    /** The gradient of the mean loss on some points. */
    const gradient = (theta, { x, y }, points, result = new Float64Array(theta.length)) => {
      result.fill(0);
      for (const i of points) {
        const p = ACTIVATIONS.sigmoid(forward(theta, x[2 * i], x[2 * i + 1]));
        backward(theta, result, (p - y[i]) / points.length);
      }
      return result;
    };

    /** The mean loss, and the share of points on the right side. */
    const score = (theta, { x, y }) => {
      let [loss, right] = [0, 0];
      for (let i = 0; i < COUNT; i++) {
        const margin = (2 * y[i] - 1) * forward(theta, x[2 * i], x[2 * i + 1]);
        loss += Math.max(-margin, 0) + Math.log1p(Math.exp(-Math.abs(margin)));
        right += margin > 0 ? 1 : 0;
      }
      return { loss: loss / COUNT, right: right / COUNT };
    };

    return { sizes, depth, values, starts, initial, forward, gradient, score };
  }

  /**
   * Eigenvectors of a symmetric matrix, that of the largest eigenvalue first (Jacobi).
   * @param {number[][]} matrix
   * @returns {number[][]}
   */
  function eigenvectors(matrix) {
    const a = matrix.map((row) => [...row]);
    const n = a.length;
    const v = a.map((_, i) => a.map((_, j) => (i === j ? 1 : 0)));
    for (let sweep = 0; sweep < 30; sweep++) {
      let rest = 0;
      for (let p = 0; p < n; p++) {
        for (let q = p + 1; q < n; q++) {
          rest += a[p][q] ** 2;
          if (a[p][q] === 0) continue;
          const ratio = (a[q][q] - a[p][p]) / (2 * a[p][q]);
          const t = (ratio < 0 ? -1 : 1) / (Math.abs(ratio) + Math.hypot(ratio, 1));
          const c = 1 / Math.hypot(t, 1);
          const turn = (one, other) => [c * one - t * c * other, t * c * one + c * other];
          for (let k = 0; k < n; k++) [a[k][p], a[k][q]] = turn(a[k][p], a[k][q]);
          for (let k = 0; k < n; k++) [a[p][k], a[q][k]] = turn(a[p][k], a[q][k]);
          for (const row of v) [row[p], row[q]] = turn(row[p], row[q]);
        }
      }
      if (rest < 1e-300) break;
    }
    const order = a.map((_, i) => i).sort((p, q) => a[q][q] - a[p][p]);
    return order.map((i) => v.map((row) => row[i]));
  }

  const dot = (one, other) => one.reduce((sum, value, i) => sum + value * other[i], 0);

  /**
   * What the plane of a layer is seen along; see `__init__.py`.
   * @param {number[][]} rows the layer's values on the training points
   * @param {number} axes
   * @param {number[] | null} output the output's weights, if the layer is the last
   * @param {{x: Float64Array, y: Uint8Array}} points
   * @returns {number[][]} two directions
   */
  function directions(rows, axes, output, { x, y }) {
    const units = rows[0].length;
    const unit = (k) => rows[0].map((_, i) => (i === k % units ? 1 : 0));
    const nowhere = rows[0].map(() => 0);
    if (axes) return [unit(2 * axes - 2), units > 1 ? unit(2 * axes - 1) : nowhere];
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const middle = nowhere.map((_, i) => mean(rows.map((row) => row[i])));
    const center = mean(rows.map((_, i) => x[2 * i + 1]));
    let rest = rows.map((row) => row.map((value, i) => value - middle[i]));
    const spread = () => rest.reduce((sum, row) => sum + dot(row, row), 0);
    const all = spread();
    return [0, 1].map((axis) => {
      let way;
      if (axis === 0 && output) {
        const size = Math.hypot(...output) || 1;
        way = output.map((w) => w / size);
      } else {
        if (spread() <= FLAT * all) return nowhere;
        const scatter = nowhere.map((_, i) =>
          nowhere.map((_, j) => rest.reduce((sum, row) => sum + row[i] * row[j], 0)),
        );
        [way] = eigenvectors(scatter);
        const along = (_, i) => (axis ? x[2 * i + 1] - center : 2 * y[i] - 1);
        if (dot(rest.map(along), rest.map((row) => dot(row, way))) < 0) {
          way = way.map((v) => -v);
        }
      }
      rest = rest.map((row) => {
        const part = dot(row, way);
        return row.map((value, i) => value - part * way[i]);
      });
      return way;
    });
  }

  /** @param {Settings} settings a training from the start */
  function training(settings) {
    const net = network(settings);
    const { sizes, depth, values } = net;
    const points = [TRAINING, HELD_OUT].map((part) => dataset(settings.data, part));
    const next = uniform(ORDER, settings.seed);
    const theta = net.initial();
    const gradient = new Float64Array(theta.length);
    const losses = [];
    const last = [];
    let scores;
    let recent;
    let least = [0, Infinity];
    let best = Infinity;
    const note = () => {
      scores = points.map((part) => net.score(theta, part));
      const [{ loss, right }, { loss: heldOut }] = scores;
      if (heldOut < least[1]) least = [losses.length, heldOut];
      losses.push([loss, heldOut]);
      last.push({ loss, heldOut, right });
      if (last.length > RECENT) last.shift();
      const mean = (name) => last.reduce((sum, row) => sum + row[name], 0) / last.length;
      recent = { loss: mean("loss"), heldOut: mean("heldOut"), right: mean("right") };
      best = Math.min(best, recent.heldOut);
    };
    note();

    const self = {
      theta,
      get epochs() {
        return losses.length - 1;
      },
      get lost() {
        return !Number.isFinite(scores[0].loss);
      },
      advance() {
        const keys = Array.from({ length: COUNT }, next);
        const order = keys.map((_, i) => i).sort((i, j) => keys[i] - keys[j]);
        for (let start = 0; start < COUNT; start += settings.batch) {
          net.gradient(theta, points[0], order.slice(start, start + settings.batch), gradient);
          for (let i = 0; i < theta.length; i++) theta[i] -= settings.rate * gradient[i];
        }
        note();
      },

      /** @param {View} view @returns {Picture} */
      picture({ layer, axes }) {
        const shown = Math.min(layer, depth - 1);
        const { x } = points[0];
        const inside = Array.from({ length: depth }, () => []);
        for (let i = 0; i < COUNT; i++) {
          net.forward(theta, x[2 * i], x[2 * i + 1]);
          for (let l = 0; l < depth; l++) inside[l].push(Array.from(values[l]));
        }
        const start = net.starts[depth];
        const weights = Array.from(theta.subarray(start, start + sizes[depth - 1]));
        const output = shown === depth - 1 ? weights : null;
        const [u, v] = directions(inside[shown], axes, output, points[0]);
        const seen = new Float64Array(inside[shown].flatMap((row) => [dot(row, u), dot(row, v)]));

        const logits = new Float64Array(NODES ** 2);
        const bent = new Float64Array(2 * NODES ** 2);
        const half = (NODES + 1) / 2;
        const maps = sizes.slice(1, -1).map((size) => new Float64Array(size * half ** 2));
        for (let node = 0, few = 0; node < NODES ** 2; node++) {
          const [row, column] = [Math.floor(node / NODES), node % NODES];
          const place = (index) => PLANE * ((2 * index) / (NODES - 1) - 1);
          logits[node] = net.forward(theta, place(column), place(row));
          const at = values[shown];
          for (let i = 0; i < at.length; i++) {
            bent[2 * node] += at[i] * u[i];
            bent[2 * node + 1] += at[i] * v[i];
          }
          if (row % 2 || column % 2) continue;
          maps.forEach((map, l) => {
            for (let j = 0; j < sizes[l + 1]; j++) map[j * half ** 2 + few] = values[l + 1][j];
          });
          few += 1;
        }

        // From −1 to 1, with some room, lie the points, in each direction by itself.
        for (const axis of [0, 1]) {
          const along = seen.filter((_, i) => i % 2 === axis);
          const [low, high] = [Math.min(...along), Math.max(...along)];
          const reach = 0.55 * (high - low) || 1;
          for (const places of [bent, seen]) {
            for (let i = axis; i < places.length; i += 2) {
              places[i] = (places[i] - (low + high) / 2) / reach;
            }
          }
        }

        const hidden = inside.slice(1);
        const relu = settings.activation === "relu";
        const low = settings.activation === "tanh" ? -1 : 0;
        const units = maps.map((map) => {
          const shades = new Uint8ClampedArray(map.length);
          for (let start = 0; start < map.length; start += half ** 2) {
            const own = map.subarray(start, start + half ** 2);
            const high = relu ? Math.max(...own) || 1 : 1;
            own.forEach((value, i) => {
              shades[start + i] = (255 * (value - low)) / (high - low);
            });
          }
          return shades;
        });
        const thin = Math.ceil(losses.length / 300);
        return {
          logits,
          units,
          bent,
          seen,
          shown,
          scores,
          least,
          recent,
          best,
          history: losses.flatMap((pair, e) =>
            e % thin === 0 || e === losses.length - 1 ? [[e, ...pair]] : [],
          ),
          dead: hidden
            .map((rows) => rows[0].filter((_, j) => rows.every((row) => row[j] === 0)).length)
            .reduce((sum, count) => sum + count, 0),
          equal: hidden.some(
            (rows) => rows[0].length > 1 && rows.every((row) => row.every((a) => a === row[0])),
          ),
        };
      },
    };
    return self;
  }

  /** A training that answers requests. */
  function session() {
    let [name, run] = ["", undefined];
    return (/** @type {Request} */ { settings, epochs, view, budget }) => {
      const wanted = JSON.stringify(settings);
      if (wanted !== name || epochs < run.epochs) [name, run] = [wanted, training(settings)];
      const end = performance.now() + budget;
      const short = () => run.epochs < epochs && !run.lost;
      if (short()) do run.advance();
      while (short() && performance.now() < end);
      return { settings, view, epochs: run.epochs, lost: run.lost, picture: run.picture(view) };
    };
  }

  return { COUNT, LAST, PLANE, NODES, dataset, network, training, session };
}

export const { COUNT, LAST, PLANE, NODES, dataset, network, training, session } = mathematics();
