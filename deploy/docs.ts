// Writes the documents that are made from code; `make docs` runs it at the top of the repository.

import { writeFileSync } from 'node:fs';
import { configDocuments } from './config/documents.ts';

for (const [path, text] of configDocuments()) writeFileSync(path, text);
