// Reads {"tokens": [Status List Token, …], "credentials": [BitstringStatusListCredential, …],
// "indices": [index, …]} from standard input. Writes, for each of the tokens, its bits and the
// statuses at the indices as @sd-jwt/jwt-status-list finds them; for each of the credentials, its
// length and the same as @digitalbazaar/vc-bitstring-status-list finds them, and whether that
// accepts the credential as the status of one of ours.
import { readFileSync } from "node:fs";
import { checkStatus, decodeList } from "@digitalbazaar/vc-bitstring-status-list";
import { getListFromStatusListJWT } from "@sd-jwt/jwt-status-list";

const { tokens, credentials, indices } = JSON.parse(readFileSync(0, "utf8"));

const lists = tokens.map((token) => {
  const list = getListFromStatusListJWT(token);
  const statuses = indices.map((index) => list.getStatus(index));
  return { bits: list.getBitsPerStatus(), size: list.statusList.length, statuses };
});

async function standing(credential, index) {
  const referring = {
    "@context": credential["@context"],
    type: ["VerifiableCredential"],
    issuer: credential.issuer,
    credentialStatus: {
      type: "BitstringStatusListEntry",
      statusPurpose: "revocation",
      statusListIndex: String(index),
      statusListCredential: credential.id,
    },
    credentialSubject: { id: "urn:uuid:c2f1a9d4-3b7e-4e0a-8a55-2b9d6c7f8e01" },
  };
  const { verified, results, error } = await checkStatus({
    credential: referring,
    documentLoader: async (url) => ({ document: url === credential.id ? credential : null }),
    suite: {},
    verifyBitstringStatusListCredential: false,
  });
  if (error) throw error;
  return { verified, status: results[0].status };
}

const bitstrings = [];
for (const credential of credentials) {
  const { encodedList } = credential.credentialSubject;
  const list = await decodeList({ encodedList });
  bitstrings.push({
    size: list.length,
    statuses: indices.map((index) => list.getStatus(index)),
    standing: await Promise.all(indices.map((index) => standing(credential, index))),
  });
}
process.stdout.write(JSON.stringify({ lists, bitstrings }));
