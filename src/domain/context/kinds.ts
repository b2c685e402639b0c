// Kinds of files
// ==============
// What is never shown, whoever asks, and what is shown only to who names it. Source: E-154.

import { isKeyFile } from '../path-policy.ts';

/** Why a file is left out. */
export type Unseen = 'secret' | 'binary' | 'generated' | 'vendored' | 'huge';

const VENDORED = /(?:^|\/)(?:node_modules|\.venv|venv|site-packages|vendor|third_party|bower_components|dist|build|coverage|__pycache__|\.autonomous_runs)\//;
const GENERATED = /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock|poetry\.lock|uv\.lock|Pipfile\.lock|Cargo\.lock|go\.sum|composer\.lock|Gemfile\.lock)$|\.min\.(?:js|css)$|\.(?:js|css)\.map$|_pb2(?:_grpc)?\.pyi?$|\.pb\.(?:go|cc|h)$|\.g\.dart$|\.generated\.\w+$|\.snap$/;
const BINARY = /\.(?:png|jpe?g|gif|webp|avif|bmp|ico|tiff?|psd|pdf|zip|gz|tgz|bz2|xz|zst|7z|rar|tar|jar|war|whl|egg|so|dylib|dll|exe|bin|o|a|class|pyc|wasm|woff2?|ttf|otf|eot|mp[34]|m4a|ogg|wav|flac|avi|mov|mkv|webm|sqlite3?|db|parquet|npy|npz|pkl|onnx|pt|docx?|xlsx?|pptx?)$/i;

/** By the name alone; null for what may be shown. @param below what the plan names: a folder's own name says nothing about what is asked for in it. */
export function unseenPath(path: string, below = ''): Unseen | null {
  if (path.split('/').some(isKeyFile)) return 'secret';
  if (BINARY.test(path)) return 'binary';
  if (VENDORED.test(path.slice(below.length))) return 'vendored';
  return GENERATED.test(path) ? 'generated' : null;
}

const SAYS_GENERATED = /@generated\b|\bcode generated\b.*\bdo not edit\b|\bauto-?generated\b.*\bdo not (?:edit|modify)\b/i;

/** A generator's own note within the first lines. */
export const saysGenerated = (text: string): boolean => text.slice(0, 2000).split('\n', 8).some((line) => SAYS_GENERATED.test(line));
