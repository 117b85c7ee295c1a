// Shrinks the pictures of a folder to 128 colours each, and says how large they are: shrink.mjs FOLDER
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import UPNG from "upng-js";

const MOST_BYTES = 60_000;
const COLOURS = [128, 64, 32, 16];

function shrunk(bytes) {
  const picture = UPNG.decode(bytes);
  const pixels = UPNG.toRGBA8(picture);
  const tries = COLOURS.map((colours) => Buffer.from(UPNG.encode(pixels, picture.width, picture.height, colours)));
  return tries.find((it) => it.length <= MOST_BYTES) ?? tries.at(-1);
}

const folder = process.argv[2];
for (const name of readdirSync(folder).filter((it) => it.endsWith(".png"))) {
  const path = `${folder}/${name}`;
  const small = shrunk(readFileSync(path));
  writeFileSync(path, small);
  console.log(`${small.length} ${path}`);
  if (small.length > MOST_BYTES) process.exitCode = 1;
}
