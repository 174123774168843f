'use strict';
'require baseclass';
'require rpc';

const askAliases = rpc.declare({ object: 'dhcp-hook', method: 'aliases' });

return baseclass.extend({
	title: _('Aliases'),

	load() {
		return L.resolveDefault(askAliases(), {});
	},

	render({ aliases = [] }) {
		if (!aliases.length) return null;
		const table = E('table', { 'class': 'table' }, [
			E('tr', { 'class': 'tr table-titles' },
				[ _('Alias'), _('Leads to'), _('Address') ].map(title => E('th', { 'class': 'th' }, [ title ])))
		]);
		// To LuCI a string by itself is HTML; in a list it is text. An alias has several rows if instances of dnsmasq differ.
		cbi_update_table(table, aliases.map(({ alias, target, addresses = [], confdirs = [] }) => [
			[ alias, ...(aliases.filter(other => other.alias == alias).length > 1 ? confdirs : []) ].join(' '),
			target ?? E('span', { 'class': 'label warning' }, [ _('leads nowhere') ]),
			addresses.join(' ') || '-',
		].map(cell => E('span', [ cell ]))));
		return table;
	},
});
