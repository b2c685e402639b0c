#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { run } from '../src/cli.js';

const argv = process.argv.slice(2);
const wantsInput = argv.length > 0 && argv[0] !== 'help';
const { out, err, code } = run(argv, wantsInput ? readFileSync(0, 'utf8') : '');
process.stdout.write(out);
process.stderr.write(err);
process.exitCode = code;
