/** Who is here, for what reason, in which room, and what the centre last said of its cameras. */
import { ApiError, api, whenLoggedOut } from './api';
import { i18n } from '../i18n/index.svelte';
import type { Camera, CameraTree, CommuneCameras, Me, Tool } from './types';

export const ROOMS: Tool[] = ['wall', 'replay', 'acts', 'health', 'documents', 'register', 'accounts', 'cameras'];

/** Where a person's work begins; for the others, the first room that is theirs. */
const HOME: Record<string, Tool> = { technician: 'health', administrator: 'accounts', dpo: 'register', inspector: 'register' };

/** What the wall hands over when a camera is to be replayed "here, thirty seconds back". */
export interface ReplayCall {
  camera: string;
  atUs: number;
}

const REFRESH_MS = 10_000;

class Session {
  me = $state<Me | null>(null);
  /** False until the centre said whether somebody is logged in. */
  known = $state(false);
  room = $state<Tool>('wall');
  tree = $state.raw<CameraTree | null>(null);
  reachable = $state(true);
  choosingDuty = $state(false);
  loggedOutText = $state(false);
  replayCall = $state.raw<ReplayCall | null>(null);
  #timer = 0;

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

  async refresh(): Promise<void> {
    try {
      const tree = await api.cameras();
      this.reachable = true;
      // Same content, same object: nothing on screen is rebuilt, nothing moves under the pointer.
      if (JSON.stringify(tree) !== JSON.stringify(this.tree)) this.tree = tree;
    } catch (error) {
      if (error instanceof ApiError && error.unreachable) this.reachable = false;
    }
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
    if (this.me && expired) this.loggedOutText = true;
    this.me = null;
    this.tree = null;
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
