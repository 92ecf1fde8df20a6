// What a launcher starts, and what it gives back. A component is one program of the control plane.
import type {ProgramName} from './binaries.ts';

export type ComponentName = Exclude<ProgramName, 'kubectl'>;

export interface ComponentSpec {
  name: ComponentName;
  arguments: string[];
}

export interface LaunchedComponent {
  readonly name: ComponentName;
  readonly logFile: string;
  /** Settles with a description ("exit code 1") when the program ends, whoever ended it. */
  readonly exited: Promise<string>;
  /** Asks politely, and kills after the limit. Settles when the program is gone. */
  stop(limitMilliseconds: number): Promise<void>;
  /** Freezes the program where it is. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

/** Starts components as processes or as containers; both see the cluster's folder under the same path. */
export interface Launcher {
  launch(spec: ComponentSpec): Promise<LaunchedComponent>;
}
