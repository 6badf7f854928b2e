// Reads {"jwk": …, "now": seconds, "documents": [SD-JWT, …], "document": SD-JWT, "frames": [frame,
// …]} from standard input. Writes, for each of the documents, its processed payload as @sd-jwt/core
// makes it; for each frame, the presentation that its holder makes of the one document, all that it
// can for a frame of null. An error stands in the place of what there is not.
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { SDJwtInstance } from "@sd-jwt/core";

const { jwk, now, documents, document, frames } = JSON.parse(readFileSync(0, "utf8"));
const key = createPublicKey({ key: jwk, format: "jwk" });
const ec = jwk.kty === "EC";
const instance = new SDJwtInstance({
  hasher: (data, algorithm) => createHash(algorithm.replace("-", "")).update(data).digest(),
  verifier: (data, signature) =>
    verify(
      ec ? "sha256" : null,
      Buffer.from(data),
      ec ? { key, dsaEncoding: "ieee-p1363" } : key,
      Buffer.from(signature, "base64url"),
    ),
});

async function outcome(attempt) {
  try {
    return { result: await attempt() };
  } catch (error) {
    return { error: error.message };
  }
}

const read = [];
for (const one of documents) {
  read.push(await outcome(async () => (await instance.verify(one, { currentDate: now })).payload));
}
const presented = [];
for (const frame of frames) {
  presented.push(await outcome(() => instance.present(document, frame ?? undefined)));
}
process.stdout.write(JSON.stringify({ read, presented }));
