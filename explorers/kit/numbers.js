// Numbers that both languages have alike: from the bytes of the data, and at random.

/**
 * Numbers of 16 bits, as IEEE 754 has them, without `Float16Array`, which is new.
 * @param {Uint8Array} bytes the low byte of each number first
 * @returns {Float64Array}
 */
export function halves(bytes) {
  return Float64Array.from({ length: bytes.length / 2 }, (_, i) => {
    const code = bytes[2 * i] | (bytes[2 * i + 1] << 8);
    const [sign, exponent, part] = [code >> 15 ? -1 : 1, (code >> 10) & 31, code & 1023];
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + part / 1024) : part * 2 ** -24);
  });
}

/**
 * Numbers between 0 and 1 from the generator Mulberry32.
 * @param {number} seed @param {number} count
 * @returns {number[]}
 */
export function uniforms(seed, count) {
  let a = seed | 0;
  return Array.from({ length: count }, () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  });
}
