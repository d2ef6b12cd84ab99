// One stylesheet and one script of many, for assets.py: one JSON object a line in, one out.
//
//   {"style": "a {...}", "script": "...", "words": ["a", ...]}
//     ->  {"css": "a{...}", "js": "..."}  or  {"error": "what esbuild says"}
//
// The folders of PurgeCSS and esbuild are the arguments. Ends with its input.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(import.meta.url);
const { PurgeCSS } = require(process.argv[2]);
const { transform } = require(process.argv[3]);

const small = { minify: true, charset: "utf8", legalComments: "inline" };

async function answer({ style, script, words }) {
  const [{ css }] = await new PurgeCSS().purge({
    content: [{ raw: words.join(" "), extension: "html" }],
    css: [{ raw: style }],
    fontFace: true,
    keyframes: true,
    variables: true,
    safelist: { variables: words.filter((word) => word.startsWith("--")) },
  });
  const sheet = await transform(css, { ...small, loader: "css" });
  const code = await transform(script, { ...small, loader: "js" });
  return { css: sheet.code, js: code.code };
}

for await (const line of createInterface({ input: process.stdin })) {
  const told = await answer(JSON.parse(line)).catch(({ message }) => ({
    error: message.split("\n").filter(Boolean).join(" "),
  }));
  process.stdout.write(JSON.stringify(told) + "\n");
}
