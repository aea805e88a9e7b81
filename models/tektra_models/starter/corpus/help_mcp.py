"""What the built-in model knows about MCP servers."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

MCP_FACTS = (
    Fact(
        "tektra mcp add",
        "adds an MCP server and shows its tools before you approve them",
        phrasings("""
add an MCP server|connect an MCP server|install an MCP server|give agents tools of an MCP server|set up mcp
connect external tools|use an MCP tool|connect a tool server|use the model context protocol|configure an MCP server
give my agent more tools from a server
"""),
        ("It runs confined; `--dir DIR` lends it a folder.", "Agents get its tools as mcp:NAME."),
        phrasings("""
Does Tektra support MCP?|mcp?|is there MCP support|do you speak MCP|Model Context Protocol?|Can I use MCP tools?
How do I connect external tools?|How do I add an MCP server?|Is an MCP server confined?
"""),
    ),
    Fact(
        "tektra mcp list",
        "lists your MCP servers and whether their tools may be called",
        phrasings("""
list mcp servers|see which MCP servers I have|see my MCP servers|check which tool servers are approved
find out which MCP servers are suspended|show all MCP servers
"""),
        ("A server that changed is suspended.",),
        phrasings("""
Which MCP servers do I have?|Which MCP servers can I use?|mcp servers?|Is my MCP server approved?
What tool servers are there?|show me the MCP servers
"""),
    ),
    Fact(
        "tektra mcp tools",
        "shows the tools of an MCP server and what changed since you approved them",
        phrasings("""
see the tools of an MCP server|look at what an MCP server offers|see what changed in an MCP server
read the descriptions of mcp tools|list the tools of a server|find out why an MCP server is suspended
"""),
        ("Invisible characters are shown as escapes.",),
        phrasings("""
Which tools does my MCP server have?|mcp tools?|What does an MCP server offer?|What changed in my MCP server?
Why is my MCP server suspended?|what can this MCP server do
"""),
    ),
    Fact(
        "tektra mcp check",
        "starts an MCP server and says whether it offers what you approved",
        phrasings("""
check an MCP server|test an MCP server|see whether an MCP server still works|try out an MCP server
find out whether an MCP server changed|start an MCP server to look at it
"""),
        (),
        phrasings("""
Does my MCP server work?|Is my MCP server all right?|Has my MCP server changed?|How do I test an MCP server?
mcp check?|Does the MCP server still run?
"""),
    ),
    Fact(
        "tektra mcp approve",
        "shows what an MCP server offers now, and approves it",
        phrasings("""
approve an MCP server|approve a change of an MCP server|let an MCP server be used again|allow changed mcp tools
end the suspension of an MCP server|accept the new tools of an MCP server
"""),
        ("Until then no agent may call its tools.",),
        phrasings("""
How do I approve an MCP server?|My MCP server is suspended, what now?|How do I allow the new tools of a server?
mcp approve?|Why can my agent not call the mcp tool?|An MCP server has changed, what do I do?
"""),
    ),
    Fact(
        "tektra mcp rm",
        "removes an MCP server",
        phrasings("""
remove an mcp server|delete an MCP server|forget an MCP server|disconnect an MCP server|get rid of a tool server
take an MCP server away
"""),
        (),
        phrasings("""
How do I remove an MCP server?|Can I delete an MCP server?|mcp rm?|How do I disconnect an MCP server?
I do not want this MCP server any more|uninstall an MCP server
"""),
    ),
)
