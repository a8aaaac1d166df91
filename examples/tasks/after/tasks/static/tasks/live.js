import { Client } from '/static/hubbub/client.js';

export const client = new Client({ url: '/ws/' });
client.connect();
