// JSON of bytes
// =============
// What another process sent, before any schema has seen it. Bytes that are no UTF-8 are refused, never repaired: two
// readers would take them for two texts.

/** @throws TypeError where it is no UTF-8, SyntaxError where it is no JSON */
export const decodeJson = (body: Uint8Array): unknown => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
