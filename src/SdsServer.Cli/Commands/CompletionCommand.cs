using System.CommandLine;
using SdsServer.Cli.Parsing;

namespace SdsServer.Cli.Commands;

internal static class CompletionCommand
{
    private const string Bash = """
        _sdsctl() {
          local words
          words=$(sdsctl "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)
          mapfile -t COMPREPLY < <(compgen -W "${words}" -- "${COMP_WORDS[COMP_CWORD]}")
        }
        complete -o default -F _sdsctl sdsctl
        """;

    private const string Zsh = """
        #compdef sdsctl
        _sdsctl() {
          local -a words_found
          words_found=("${(@f)$(sdsctl "[suggest:${CURSOR}]" "${BUFFER[1,CURSOR]}" 2>/dev/null)}")
          compadd -- $words_found
        }
        compdef _sdsctl sdsctl
        """;

    private const string Fish = """
        complete -c sdsctl -f -a '(sdsctl "[suggest:"(string length -- (commandline -cp))"]" (commandline -cp) 2>/dev/null)'
        """;

    public static Command Create()
    {
        Argument<string> shell = new("SHELL") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        return new CliCommand("completion", "Prints a script that completes commands and options in your shell.") { shell }.With(
            [("source <(sdsctl completion bash)", "in ~/.bashrc"), ("sdsctl completion fish > ~/.config/fish/completions/sdsctl.fish", "for fish")])
        .Does(session =>
        {
            session.Terminal.Line(session.Get(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return Task.CompletedTask;
        });
    }
}
