// Render formulas with KaTeX, for formulas.py: one JSON object a line in, one out.
//
//   {"tex": "x^2", "display": false}  ->  {"html": "<span ..."}
//                                     or  {"error": "what KaTeX says"}
//
// The folder of KaTeX is the only argument. The process ends with its input.
"use strict";

const katex = require(process.argv[2]);

function render({ tex, display }) {
  try {
    const html = katex.renderToString(tex, {
      displayMode: display,
      output: "htmlAndMathml",
      // Signs and units that LaTeX would not take are errors here too; letters of
      // other scripts are not, and neither is a class for the terms of a deck.
      strict: (code) =>
        ["unicodeTextInMathMode", "htmlExtension"].includes(code) ? "ignore" : "error",
      trust: ({ command, class: name }) =>
        command === "\\htmlClass" && name === "fragment",
    });
    return { html };
  } catch (error) {
    // rawMessage: without the place, which KaTeX marks by combining characters.
    return { error: error.rawMessage ?? String(error) };
  }
}

const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  process.stdout.write(JSON.stringify(render(JSON.parse(line))) + "\n");
});
