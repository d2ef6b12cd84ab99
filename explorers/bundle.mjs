// Bundle what standard input asks for and write it to standard output, for bundle.py:
//   {"folder": "where imports start", "source": "import ...", "loader": "js" or "css"}
import { build } from "esbuild";
import { text } from "node:stream/consumers";

const { folder, source, loader } = JSON.parse(await text(process.stdin));

/** What D3's license asks of a copy: its name and its author's. */
const credit = (inputs) =>
  Object.keys(inputs).some((file) => file.includes("node_modules/d3-"))
    ? "/* Includes parts of D3, © Mike Bostock, ISC License */\n"
    : "";

try {
  const { metafile, outputFiles } = await build({
    stdin: { contents: source, loader, resolveDir: folder },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  process.stdout.write(credit(metafile.inputs) + outputFiles[0].text);
} catch (error) {
  const [first] = error.errors ?? [];
  const place = first?.location;
  const where = place ? `${place.file}:${place.line}: ` : "";
  process.stderr.write(`${where}${first?.text ?? error.message}\n`);
  process.exitCode = 1;
}
