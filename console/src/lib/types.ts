/** What the centre's HTTP API says, in types. Text for people always arrives in both languages. */

export interface Text {
  fr: string;
  en: string;
}

export type Language = 'fr' | 'en';
export type Verdict = 'allow' | 'deny' | 'unsettled';
export type Tool =
  | 'wall' | 'replay' | 'room' | 'tonight' | 'roster' | 'desk' | 'acts' | 'health' | 'documents' | 'people' | 'cameras' | 'register' | 'registers' | 'seen' | 'inspection' | 'account' | 'accounts' | 'posts';

/** The document that would cure a refusal, and who issues it. */
export interface Cure {
  kind: string;
  text: Text;
  issuer: Text;
}

export interface Condition {
  id: string;
  met: boolean;
  text: Text;
  article: string;
  cure?: Cure | null;
}

export interface Refusal {
  sentence: Text;
  articles: string[];
  cure: Cure | null;
  conditions: Condition[];
  whom: Text | null;
  verdict: Verdict;
  ground: string;
}

export interface AuthorityName {
  id: string;
  name: Text;
  commune?: string;
}

export interface Reason {
  id: string;
  purpose: string;
  text: Text;
}

export interface Duty {
  reason: Reason;
  since: string;
  authorities: AuthorityName[];
}

export interface Me {
  account: string;
  name: Text | string;
  role: string;
  language: Language;
  body: { id: string; name: string | Text } | null;
  duty: Duty | null;
  banner: Text | null;
  demo: boolean;
  witnessed?: boolean;
  /** The declared workstation that this machine is, if it is one. */
  post?: string | null;
  tools: Tool[];
}

/** The signed head of the register, and who stands behind it outside this machine. */
export interface Head {
  size: number;
  note: string;
  witnessed: boolean;
  witness: { state: 'witnessed' | 'late' | 'missing' | 'none' | 'here' | 'refused' | 'unread'; text: Text; size: number; at: string | null };
}

/** The sums of one stream on one legal day, in microseconds. */
export interface BalanceLine {
  camera: string;
  name: string;
  commune: string | null;
  stream: string;
  day: string;
  adds_up: boolean;
  mandated_us: number;
  recorded_us: number;
  gaps_us: number;
  pending_us: number;
  beyond_us: number;
  held_us: number;
  destroyed_us: number;
  lost_us: number;
  wrong: { kind: string; text: Text }[];
}

/** Does everything add up? ``checked``: when what concerns no day was last looked at. */
export interface BalanceEnd {
  at: string;
  checked: string | null;
  adds_up: boolean;
  whole: { kind: string; text: Text }[];
}

/** The balance as it comes: how many cameras, the days of a few of them at a time (``done`` so far), and its end. */
export type BalancePart = { cameras: number } | { done: number; days: BalanceLine[] } | BalanceEnd;

/** What to know of the machine: what is lost now, what will be soon, what is made do without. */
export interface MachineNotice {
  code: string;
  level: 'lost' | 'soon' | 'less';
  text: Text;
}

export interface CameraHealth {
  state: 'recording' | 'down' | 'stopped' | 'unknown';
  since: string | null;
  cause: Text | null;
  /** The camera's own clock minus the recorder's, to a tenth of a second; null when it does not tell it. */
  clock_offset_ms?: number | null;
}

export interface Camera {
  id: string;
  name: string;
  commune: string;
  origin: string;
  kind: string;
  place?: Text | null;
  place_confirmed?: boolean;
  /** Degrees WGS 84; null: nobody entered them. */
  lat?: number | null;
  lon?: number | null;
  live: Verdict;
  replay: Verdict;
  refusal: Refusal | null;
  health: CameraHealth;
}

export interface CommuneCameras {
  id: string;
  name: string;
  authority: AuthorityName | null;
  cameras: Camera[];
}

export interface CameraTree {
  communes: CommuneCameras[];
  revision: number | string;
}

export interface StreamHealth {
  name: string;
  state: string;
  since: string | null;
  cause: Text | null;
  fps: number | null;
  kbit_s: number | null;
  codec: string | null;
  /** The camera's own clock minus the recorder's; null when the camera does not tell it. */
  clock_offset_ms: number | null;
}

export interface HealthRow {
  camera: string;
  name: string;
  commune: string;
  streams: StreamHealth[];
  down: boolean;
}

export interface ActEntry {
  index: number;
  at: string;
  kind: string;
  text: Text;
  camera: string | null;
  commune: string | null;
  authority: string | Text | null;
  footage: { from: string; to: string } | null;
  sent: { frames: number | null; bytes: number | null; from: string | null; to: string | null } | null;
  articles?: string[];
  /** Shown only in the register of an inspector or a DPO. */
  actor?: string | Text | null;
}

export interface ActPage {
  entries: ActEntry[];
  next?: number | null;
  /** What an inspection's mission letter leaves out. */
  bound?: Text | null;
  /** The register's day holds more than was sent. */
  more?: boolean;
}

export interface OpenedView {
  view: string;
  lease: string;
  authority: AuthorityName;
  purpose: string;
  camera: { id: string; name: string; commune: string };
}

export interface AccountRow {
  id: string;
  account: string;
  person: string;
  name: Text | string;
  role: string;
  state: string;
}

export interface FactorReset {
  id: string;
  account: string;
  requested_by: string;
}

export interface Invitation {
  account: string;
  link: string;
  expires: string;
}
