/** Who is here, for what reason, in which room, and what the centre last said of its cameras. */
import { ApiError, api, whenLoggedOut } from './api';
import { i18n } from '../i18n/index.svelte';
import { law, type Question } from './lawapi';
import type { Announcement, Present } from './lawtypes';
import { Turns } from './latest';
import { preserves, type PreserveCall } from './preserve';
import { Listing } from './listing.svelte';
import { attempt } from './load';
import type { Camera, CameraTree, CommuneCameras, Me, Text, Tool } from './types';

export const ROOMS: Tool[] = [
  'wall', 'replay', 'room', 'tonight', 'roster', 'desk', 'acts', 'health', 'documents', 'people', 'cameras', 'register', 'registers', 'seen', 'inspection', 'account', 'accounts', 'posts',
];

/** Where a person's work begins; for the others, the first room that is theirs. */
const HOME: Record<string, Tool> = { technician: 'health', administrator: 'accounts', dpo: 'register', inspector: 'register' };

/** What the wall hands over when a camera is to be replayed "here, thirty seconds back". */
export interface ReplayCall {
  camera: string;
  atUs: number;
}

/** To whom deadlines are announced. */
const TOLD: ReadonlySet<string> = new Set(['room_supervisor', 'mayor', 'dpo', 'administrator']);

const REFRESH_MS = 10_000;
/** A wall that a visitor blanked comes back this soon after they left. */
const SCREEN_MS = 3_000;

export class Session {
  me = $state<Me | null>(null);
  /** False until the centre said whether somebody is logged in. */
  known = $state(false);
  room = $state<Tool>('wall');
  readonly cameras = new Listing<CameraTree>((t) => t.unread.cameras, () => api.cameras());
  reachable = $state(true);
  choosingDuty = $state(false);
  loggedOutText = $state(false);
  replayCall = $state.raw<ReplayCall | null>(null);
  /** What somebody asks the reason of: the card is open. */
  asking = $state.raw<Question | null>(null);
  /** What an operator is about to preserve: the dialog is open. */
  preserving = $state.raw<PreserveCall | null>(null);
  /** The document that another room wants to be read. */
  wantedPaper = $state.raw<string | null>(null);
  /** What comes to its end, for those to whom it is announced. */
  readonly announced = new Listing<Announcement[]>((t) => t.unread.announcements, () => law.announcements());
  /** Who is declared before this screen; grows with each change, so that what it closed is asked again. */
  present = $state.raw<Present['present']>([]);
  visitor = $state(false);
  presence = $state(0);
  #timer = 0;
  #screenTimer = 0;
  /** Of what the centre says of this screen, and of what is declared here. */
  readonly #looks = new Turns();

  constructor() {
    whenLoggedOut(() => this.#leave(true));
  }

  async restore(): Promise<void> {
    try {
      this.enter(await api.me());
    } catch (error) {
      if (error instanceof ApiError && error.unreachable) {
        this.reachable = false;
        window.setTimeout(() => void this.restore(), 3000);
        return;
      }
      this.loggedOutText = false;
    }
    this.known = true;
  }

  enter(me: Me): void {
    this.me = me;
    this.known = true;
    this.reachable = true;
    this.loggedOutText = false;
    if (!localStorage.getItem('beffroi.language') && me.language) i18n.language = me.language;
    const asked = location.hash.replace(/^#\/?/, '') as Tool;
    const home = HOME[me.role];
    this.room =
      me.tools.includes(asked) ? asked
      : home && me.tools.includes(home) ? home
      : (ROOMS.find((room) => me.tools.includes(room)) ?? 'acts');
    void this.refresh();
    window.clearInterval(this.#timer);
    this.#timer = window.setInterval(() => void this.refresh(), REFRESH_MS);
    void this.#look();
    void this.#hear(me.role);
    window.clearInterval(this.#screenTimer);
    this.#screenTimer = window.setInterval(() => void this.#look(), SCREEN_MS);
  }

  go(room: Tool): void {
    if (!this.me?.tools.includes(room)) return;
    this.room = room;
    history.replaceState(null, '', `#/${room}`);
  }

  replayHere(camera: string, atUs: number): void {
    if (!this.me?.tools.includes('replay')) return;
    this.replayCall = { camera, atUs };
    this.go('replay');
  }

  readPaper(id: string): void {
    this.wantedPaper = id;
    this.go('documents');
  }

  preserve(call: PreserveCall): void {
    if (preserves(this.me)) this.preserving = call;
  }

  why(question: Question): void {
    this.asking = question;
  }

  /** Who is before this screen, as the room supervisor declared. */
  takePresent(said: Present): void {
    // What was asked before this was declared does not know it: it would lift a visitor's black.
    this.#looks.done();
    this.#show(said);
  }

  #show(said: Present): void {
    if (JSON.stringify(said.present) === JSON.stringify(this.present)) return;
    this.present = said.present;
    this.visitor = said.visitor;
    this.presence += 1;
  }

  /** Deadlines change once a day: they are asked for at the door, and again only until they are read. */
  async #hear(role: string): Promise<void> {
    if (TOLD.has(role)) await this.announced.load();
  }

  /** An announcement was read: it leaves the list until its next stage. */
  async heard(document: string, reason: string): Promise<Text | null> {
    const outcome = await attempt(() => law.readAnnouncement(document, reason));
    if (!outcome.error) this.announced.value = this.announcements.filter((one) => one.document !== document || one.reason !== reason);
    return outcome.error;
  }

  async #look(): Promise<void> {
    const turn = this.#looks.ask();
    const said = (await attempt(() => law.screen())).value;
    if (said && this.me && this.#looks.tells(turn)) this.#show(said);
  }

  async refresh(): Promise<void> {
    if (this.announced.error) void this.announced.load();
    await this.cameras.load();
    const error = this.cameras.error;
    if (!error) this.reachable = true;
    else if (error.unreachable) this.reachable = false;
  }

  async startDuty(reason: string): Promise<void> {
    const duty = await api.startDuty(reason);
    if (this.me) this.me.duty = duty;
    this.choosingDuty = false;
    void this.refresh();
  }

  async endDuty(): Promise<void> {
    await api.endDuty();
    if (this.me) this.me.duty = null;
    void this.refresh();
  }

  async logout(): Promise<void> {
    try {
      await api.logout();
    } finally {
      this.#leave(false);
    }
  }

  #leave(expired: boolean): void {
    window.clearInterval(this.#timer);
    window.clearInterval(this.#screenTimer);
    this.asking = null;
    this.preserving = null;
    this.present = [];
    this.visitor = false;
    this.#looks.done();
    if (this.me && expired) this.loggedOutText = true;
    this.me = null;
    this.cameras.forget();
    this.announced.forget();
    this.known = true;
    this.choosingDuty = false;
    this.replayCall = null;
    sessionStorage.clear();
  }

  /** Whether this person's work is to watch: only then does the bar ask for a reason. */
  get watches(): boolean {
    const role = this.me?.role ?? '';
    return !(role in HOME) && (this.me?.tools.includes('wall') ?? false);
  }

  get tree(): CameraTree | null {
    return this.cameras.value;
  }

  get announcements(): Announcement[] {
    return this.announced.value ?? [];
  }

  get communes(): CommuneCameras[] {
    return this.tree?.communes ?? [];
  }

  get allCameras(): Camera[] {
    return this.communes.flatMap((commune) => commune.cameras);
  }

  get downCount(): number {
    return this.allCameras.filter((camera) => camera.health.state === 'down').length;
  }

  find(id: string): { camera: Camera; commune: CommuneCameras } | null {
    for (const commune of this.communes) {
      const camera = commune.cameras.find((candidate) => candidate.id === id);
      if (camera) return { camera, commune };
    }
    return null;
  }
}

export const session = new Session();
