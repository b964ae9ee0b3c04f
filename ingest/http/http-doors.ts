// Every format that has a path of its own. A new one is a file beside this and a row here.

import type { HttpDoor } from './http-door.ts';
import { IMPORT_DOORS } from './import-doors.ts';
import { INFLUX_V1, INFLUX_V2 } from './influx.ts';
import { REMOTE_WRITE } from './remote-write.ts';

export const HTTP_DOORS: readonly HttpDoor[] = [
  REMOTE_WRITE,
  INFLUX_V1,
  INFLUX_V2,
  ...IMPORT_DOORS,
];
