// Render formulas with KaTeX, for formulas.py: one JSON object a line in, one out.
//
//   {"tex": "x^2", "display": false}  ->  {"html": "<span ..."}
//                                     or  {"error": "what KaTeX says"}
//
// The folder of KaTeX is the only argument. The process ends with its input.
"use strict";

const katex = require(process.argv[2]);

// Elements of MathML that have a fixed number of parts, and those that hold text alone.
const PARTS = ["mfrac", "mroot", "msub", "msup", "msubsup", "munder", "mover", "munderover"];
const TOKENS = ["mi", "mn", "mo", "mtext"];

/**
 * Make the MathML of KaTeX's tree valid. KaTeX writes `\max` as two elements, which is one
 * part too many below `c_{\max}`, and puts elements into what holds text alone.
 */
function mend(node) {
  const parts = node.children ?? [];
  parts.forEach(mend);
  if (PARTS.includes(node.type)) {
    const isOne = (part) => part.type || !part.children;
    const row = (part) => new node.constructor("mrow", part.children);
    node.children = parts.map((part) => (isOne(part) ? part : row(part)));
  } else if (TOKENS.includes(node.type) && parts.some((part) => part.type || part.children)) {
    const [leaf] = parts.flatMap((part) => part.children ?? []).filter((part) => "text" in part);
    if (leaf && parts.every((part) => TOKENS.includes(part.type))) {
      leaf.text = node.toText();
      node.children = [leaf];
    } else Object.assign(node, { type: "mrow", attributes: {} });
  }
}

function render({ tex, display }) {
  try {
    const tree = katex.__renderToDomTree(tex, {
      displayMode: display,
      output: "htmlAndMathml",
      // Signs and units that LaTeX would not take are errors here too; letters of
      // other scripts are not, and neither is a class for the terms of a deck.
      strict: (code) =>
        ["unicodeTextInMathMode", "htmlExtension"].includes(code) ? "ignore" : "error",
      trust: ({ command, class: name }) =>
        command === "\\htmlClass" && name === "fragment",
    });
    mend(tree);
    return { html: tree.toMarkup() };
  } catch (error) {
    // rawMessage: without the place, which KaTeX marks by combining characters.
    return { error: error.rawMessage ?? String(error) };
  }
}

const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  process.stdout.write(JSON.stringify(render(JSON.parse(line))) + "\n");
});
