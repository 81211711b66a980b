#!/usr/bin/env node
import '../dist/gregor.js';
