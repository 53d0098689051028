import { readFileSync } from 'node:fs';
import { decode } from '../../decode/decode';
import { prepare } from '../../query/prepare';
import { defaultQuery } from '../../query/query';
import { flame } from '../../views/flame';
import { nodeGunzip } from '../gunzip';

// A process of its own, which bench.ts --cold starts: from a file to its flame graph, once.
const profile = await decode(new Uint8Array(readFileSync(process.argv[2])), { unpack: nodeGunzip });
process.stdout.write(`${flame(prepare(profile, defaultQuery), defaultQuery).length}\n`);
