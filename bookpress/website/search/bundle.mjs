// Bundle a module with the package it imports and write it to standard output, for
// __init__.py: the arguments are the module and the folders of esbuild and MiniSearch.
import { pathToFileURL } from "node:url";

const [module, esbuild, minisearch] = process.argv.slice(2);
const { default: bundler } = await import(pathToFileURL(`${esbuild}/lib/main.js`));

const { outputFiles } = await bundler.build({
  entryPoints: [module],
  alias: { minisearch },
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  banner: { js: "/* Includes MiniSearch, © Luca Ongaro, MIT License */" },
  write: false,
  logLevel: "error",
});
process.stdout.write(outputFiles[0].text);
