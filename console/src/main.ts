import './style.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { i18n } from './i18n/index.svelte';
import { probe } from './lib/probe';
import { theme } from './lib/theme';

i18n.restore();
theme.restore();
probe();

const target = document.getElementById('app');
if (target) mount(App, { target });
