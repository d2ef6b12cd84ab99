// The rules by which optimizers step; `rules.py` has the same in NumPy.

/** The next value of one parameter, from its slope g, its own memory and the settings. */
export const RULES = {
  gd: (theta, g, memory, [rate]) => theta - rate * g,
  momentum(theta, g, memory, [rate, mu]) {
    memory.v = mu * (memory.v ?? 0) - rate * g;
    return theta + memory.v;
  },
  nesterov(theta, g, memory, [rate, mu]) {
    memory.v = mu * (memory.v ?? 0) - rate * g;
    return theta + mu * memory.v - rate * g;
  },
  adagrad(theta, g, memory, [rate]) {
    memory.s = (memory.s ?? 0) + g * g;
    return theta - (rate * g) / (Math.sqrt(memory.s) + 1e-10);
  },
  rmsprop(theta, g, memory, [rate, beta]) {
    memory.s = beta * (memory.s ?? 0) + (1 - beta) * g * g;
    return theta - (rate * g) / (Math.sqrt(memory.s) + 1e-8);
  },
  adam(theta, g, memory, [rate, beta1, beta2]) {
    memory.m = beta1 * (memory.m ?? 0) + (1 - beta1) * g;
    memory.s = beta2 * (memory.s ?? 0) + (1 - beta2) * g * g;
    memory.p1 = (memory.p1 ?? 1) * beta1;
    memory.p2 = (memory.p2 ?? 1) * beta2;
    const m = memory.m / (1 - memory.p1);
    return theta - (rate * m) / (Math.sqrt(memory.s / (1 - memory.p2)) + 1e-8);
  },
};
export const METHODS = Object.keys(RULES);

/** The memories of each method, beside its rate. */
export const MEMORIES = {
  gd: [],
  momentum: ["*μ*"],
  nesterov: ["*μ*"],
  adagrad: [],
  rmsprop: ["*β*"],
  adam: ["*β*₁", "*β*₂"],
};

/** The rate up to which a method converges on the ravine, none for those that scale. */
export function limit(name, [, mu]) {
  if (name === "gd") return 2 / 100;
  if (name === "momentum") return (2 * (1 + mu)) / 100;
  return name === "nesterov" ? (2 * (1 + mu)) / (1 + 2 * mu) / 100 : undefined;
}
