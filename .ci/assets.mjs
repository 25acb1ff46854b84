// Copies the vendored assets out of node_modules and lists them in MANIFEST.json;
// with --check, says what differs between the lists and the committed files.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

// folder → its files: [name there, package, path in the package]
const ASSETS = {
  "static/vendor": [
    ["bootstrap/bootstrap.min.css", "bootstrap", "dist/css/bootstrap.min.css"],
    ["bootstrap/bootstrap.bundle.min.js", "bootstrap", "dist/js/bootstrap.bundle.min.js"],
    ["bootstrap/LICENSE", "bootstrap", "LICENSE"],
    ["bootstrap-icons/bootstrap-icons.min.css", "bootstrap-icons", "font/bootstrap-icons.min.css"],
    ["bootstrap-icons/fonts/bootstrap-icons.woff2", "bootstrap-icons", "font/fonts/bootstrap-icons.woff2"],
    ["bootstrap-icons/LICENSE", "bootstrap-icons", "LICENSE"],
    ["htmx/htmx.min.js", "htmx.org", "dist/htmx.min.js"],
    ["htmx/LICENSE", "htmx.org", "LICENSE"],
    ["htmx/sse.min.js", "htmx-ext-sse", "dist/sse.min.js"],
    ["htmx/LICENSE-sse", "htmx-ext-sse", "LICENSE"],
    ["echarts/echarts.min.js", "echarts", "dist/echarts.min.js"],
    ["echarts/LICENSE", "echarts", "LICENSE"],
    ["echarts/NOTICE", "echarts", "NOTICE"],
    ["swagger-ui/swagger-ui.css", "swagger-ui-dist", "swagger-ui.css"],
    ["swagger-ui/swagger-ui-bundle.js", "swagger-ui-dist", "swagger-ui-bundle.js"],
    ["swagger-ui/LICENSE", "swagger-ui-dist", "LICENSE"],
    ["swagger-ui/NOTICE", "swagger-ui-dist", "NOTICE"],
    ["swagger-ui/swagger-ui-bundle.js.LICENSE.txt", "swagger-ui-dist", "swagger-ui-bundle.js.LICENSE.txt"],
  ],
  "tests/vendor": [
    ["axe.min.js", "axe-core", "axe.min.js"],
    ["LICENSE-axe", "axe-core", "LICENSE"],
  ],
};

function described(path, name) {
  const bytes = readFileSync(path);
  const { version, license } = JSON.parse(readFileSync(`node_modules/${name}/package.json`));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { package: name, version, licence: license, sha256, bytes: bytes.length };
}

function manifest(folder) {
  const files = {};
  for (const [name, from, path] of ASSETS[folder])
    files[name] = described(join("node_modules", from, path), from);
  return JSON.stringify(files, null, 2) + "\n";
}

function copy(folder) {
  rmSync(folder, { recursive: true, force: true });
  for (const [name, from, path] of ASSETS[folder]) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    cpSync(join("node_modules", from, path), join(folder, name));
  }
  writeFileSync(join(folder, "MANIFEST.json"), manifest(folder));
  console.log(`${folder}: ${ASSETS[folder].length} files`);
}

function differences(folder) {
  const found = [];
  const listed = new Set(["MANIFEST.json"]);
  for (const [name, from, path] of ASSETS[folder]) {
    const [here, there] = [join(folder, name), join("node_modules", from, path)];
    listed.add(name);
    if (!existsSync(here)) found.push(`${here} is missing`);
    else if (!readFileSync(here).equals(readFileSync(there))) found.push(`${here} differs from ${from}`);
  }
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const name = relative(folder, join(entry.parentPath ?? entry.path, entry.name));
    if (entry.isFile() && !listed.has(name)) found.push(`${join(folder, name)} is not listed`);
  }
  if (readFileSync(join(folder, "MANIFEST.json"), "utf8") !== manifest(folder))
    found.push(`${folder}/MANIFEST.json is out of date`);
  return found;
}

if (process.argv.includes("--check")) {
  const found = Object.keys(ASSETS).flatMap(differences);
  for (const sentence of found) console.error(sentence);
  if (found.length) process.exit(1);
  console.log("the vendored assets are what package-lock.json names");
} else Object.keys(ASSETS).forEach(copy);
