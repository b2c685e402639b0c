// Syntax of YAML
// ==============
// Whether a file of the repository, not one of ours, can be read at all: any tags, any number of documents.

import { parseAllDocuments } from 'yaml';

export function isYaml(text: string): boolean {
  try {
    const documents = parseAllDocuments(text, { logLevel: 'silent', uniqueKeys: false });
    return !Array.isArray(documents) || documents.every(({ errors }) => errors.length === 0);
  } catch {
    return false;
  }
}
