"""What the built-in model knows about secrets and second factors."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

SECRETS_FACTS = (
    Fact(
        "tektra secrets set",
        "keeps a password or token under a name",
        phrasings("""
store a password|save an API key|add a secret|keep a token|store credentials|save my token|add an API key
keep my API keys safe|store the key of another service|replace a secret|change the value of a secret|put a password away
store another key|keep a password for a tool
"""),
        ("The value comes from a pipe or a hidden prompt, and no model sees it.",),
        phrasings("""
How do I store credentials?|Can tektra keep my passwords?|credentials?|Is there a vault?|secret store?|passwords?
Does tektra have a secret store?|where do I put my password|Can I store the key of another service?|is there a keychain
"""),
    ),
    Fact(
        "tektra secrets list",
        "lists secrets by name, never their values",
        phrasings("""
list my secrets|see which secrets I have|show the names of my secrets|know where the key of the vault lies
see which passwords are stored|list the stored tokens|check whether the vault is locked|look at my stored credentials
"""),
        ("Values are never listed.",),
        phrasings("""
where are my secrets kept|Which secrets are there?|which tokens do I have|my secrets?|Which credentials are stored?
stored tokens?
"""),
    ),
    Fact(
        "tektra secrets rm",
        "removes a secret",
        phrasings("""
delete a credential|remove a secret|delete a stored password|forget a token|throw away an API key|delete a secret
"""),
        ("Revoke it where it came from too: copies may be left.",),
        phrasings("""
How do I delete a password?|How do I get rid of a secret?|Can I remove a stored token?|secret not needed any more?
How is a credential deleted?|Can a secret be thrown away?
"""),
    ),
    Fact(
        "tektra secrets rotate",
        "seals all secrets with a fresh key",
        phrasings("""
change the key of the vault|rotate the key of my secrets|encrypt all secrets anew|rotate the master key
move the key of my secrets to a passphrase|get a new key for the vault
"""),
        ("It may be interrupted at any moment: no secret is lost.",),
        phrasings("""
How do I rotate the key?|Can the vault's key be changed?|key rotation?|How do I change the passphrase?
Can I get another master key?|my key may have leaked, what now?
"""),
    ),
    Fact(
        "tektra secrets show",
        "prints a secret's value",
        phrasings("""
see the value of a secret|print a stored password|read a token back|show a stored API key|get a secret's value
copy a stored password
"""),
        ("It asks first, and needs a code where an authenticator is enrolled.",),
        phrasings("""
How do I read a secret back?|What is the value of my secret?|Can I see a stored password?|what was my API key
Which value has my secret?|How do I copy a token out of the vault?
"""),
    ),
    Fact(
        "tektra secrets unlock",
        "opens the vault with its passphrase",
        phrasings("""
unlock the vault|open the vault|give the passphrase|choose a passphrase for my secrets|unlock my secrets
type the passphrase of the vault|make the locked vault usable
"""),
        ("The passphrase is typed hidden, or comes from a pipe.",),
        phrasings("""
The vault is locked, what now?|How do I open the vault?|vault locked?|where do I type the passphrase
Why can my secrets not be read?|How do I unlock it?
"""),
    ),
    Fact(
        "tektra secrets lock",
        "forgets the key of the vault until the passphrase is given again",
        phrasings("""
lock the vault|lock my secrets|close the vault|make the daemon forget the key|keep the vault shut while I am away
need the passphrase again for my secrets
"""),
        ("Only a vault with a passphrase can be locked.",),
        phrasings("""
How do I lock my secrets?|Can the vault be locked?|lock them again?|How do I close the vault?
Can the daemon forget the passphrase?|I leave my desk, are my secrets safe?
"""),
    ),
    Fact(
        "tektra mfa enroll",
        "enrolls an authenticator, so that sensitive acts need a code",
        phrasings("""
enroll an authenticator|set up a second factor|turn on two-factor authentication|ask for a code before sensitive acts
use my authenticator app|protect my secrets with a code|get recovery codes|scan a QR code for codes
"""),
        ("It draws a QR code, asks for a first code and prints ten recovery codes.",),
        phrasings("""
2FA?|two factor?|Is there a second factor?|TOTP?|Does tektra support an authenticator?|MFA?|How do I get codes?
"""),
    ),
    Fact(
        "tektra mfa status",
        "says whether codes are asked for",
        phrasings("""
see whether a second factor is on|count my recovery codes|check two-factor authentication|know how many tries are left
look whether codes are asked for|check my enrolment
"""),
        ("It also says how many recovery codes are left.",),
        phrasings("""
Is 2FA on?|How many recovery codes do I have?|Is my authenticator enrolled?|am I locked out|Are codes asked for?
recovery codes left?
"""),
    ),
    Fact(
        "tektra mfa disable",
        "ends asking for codes, and needs one",
        phrasings("""
turn off two-factor authentication|remove my authenticator|change to another phone|disable the second factor
stop asking for codes|end the enrolment of my phone|switch 2FA off
"""),
        ("A recovery code works too.",),
        phrasings("""
How do I turn 2FA off?|I have a new phone for the codes.|no more codes?|I lost my authenticator.
Can I stop using codes?|How do I change my authenticator?
"""),
    ),
)
