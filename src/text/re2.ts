import { RE2JS } from 're2js';
import { setEngine } from './engine';

setEngine((text) => RE2JS.compile(text));
