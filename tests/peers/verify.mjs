// Reads {"jwks": …, "documents": [compact JWS, …]} from standard input and writes, for each
// document, the learner's name as jose read it, or the error.
import { readFileSync } from "node:fs";
import { createLocalJWKSet, jwtVerify } from "jose";

const { jwks, documents, issuer } = JSON.parse(readFileSync(0, "utf8"));
const keys = createLocalJWKSet(jwks);
const results = [];
for (const document of documents) {
  try {
    const { payload } = await jwtVerify(document, keys, { issuer, typ: "JWT" });
    results.push({ learner: payload.credentialSubject.identifier[0].identityHash });
  } catch (error) {
    results.push({ error: `${error.code}: ${error.message}` });
  }
}
process.stdout.write(JSON.stringify(results));
